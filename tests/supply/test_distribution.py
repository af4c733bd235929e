"""`make dist-check` notices what a wheel or an sdist lacks or has too much, and locks agree.

What is built is looked at in CI, not here.
"""

from __future__ import annotations

import tomllib

from tools.check_dist import differences, expected_in_sdist, expected_in_wheel, sources
from tools.installed import ROOT, locked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = ("chaos/py.typed", "experiments/manifests/web.yaml")


def test_experiments_lie_inside_the_package_in_a_wheel() -> None:
    assert {"chaos/py.typed", "chaos/_experiments/manifests/web.yaml", "x.dist-info/RECORD"} <= expected_in_wheel(
        FILES, "x.dist-info"
    )


def test_an_sdist_has_the_sources_what_builds_them_and_no_tests() -> None:
    expected = expected_in_sdist(FILES, "x")
    assert {"x/chaos/py.typed", "x/experiments/manifests/web.yaml", "x/pyproject.toml", "x/LICENSE"} <= expected
    assert not any(name.startswith("x/tests") for name in expected)


def test_what_is_missing_too_much_or_there_twice_is_told() -> None:
    assert differences({"a", "b"}, ["b", "c", "b"]) == ["missing: a", "too much: c", "twice: b"]
    assert differences({"a", "b"}, ["b", "a"]) == []


def test_what_it_looks_for_are_templates_schemas_manifests_and_the_mark_of_types() -> None:
    kinds = {name.rpartition(".")[2] for name in sources()}
    assert {"j2", "gz", "yaml", "typed", "json", "py"} <= kinds


def test_the_parts_of_the_lock_agree_with_it() -> None:
    """`make lock` writes them all."""
    whole = locked(ROOT / "requirements.lock")
    for part in ("run.lock", "build.lock"):
        assert locked(ROOT / "locks" / part) - whole == set(), part


def test_all_that_locks_name_has_hashes() -> None:
    for path in (ROOT / "requirements.lock", *(ROOT / "locks").iterdir()):
        pinned = path.read_text(encoding="utf-8").split("\n    --hash=sha256:", 1)
        assert len(locked(path)) > 0
        assert len(pinned) > 1
        blocks = [one for one in path.read_text(encoding="utf-8").replace("\\\n    ", "").splitlines() if "==" in one]
        assert [one for one in blocks if "--hash=sha256:" not in one] == [], path


def test_the_lock_of_the_build_is_of_what_builds() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


def test_the_image_takes_nothing_that_has_no_hash() -> None:
    lines = (ROOT / "kind" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    installs = [line.partition("pip install ")[2] for line in lines if "pip install" in line]
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-deps --no-index" in one for one in installs)
