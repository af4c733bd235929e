"""A saved run is judged again only where all of it is there, and by who can read it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chaos.cli.saved import conclude, load_run, render_again
from chaos.errors import UsageError
from chaos.experiment import Options
from tests.sandboxed import run_sandboxed


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run's folder."""
    options = Options(trials=1, grace_s=1, period_s=0.05, max_qps=None)
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options).result
    conclude(result.folder, result.history, result.error)
    return result.folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(saved, tmp_path / "run"))


def rewrite(folder: Path, **values: object) -> None:
    """Change keys of run.json."""
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_whole_run_is_read(folder: Path) -> None:
    history = load_run(folder)
    assert history.recorded() == json.loads((folder / "run.json").read_text())["recorded"]


@pytest.mark.parametrize("name", ["observations.jsonl", "events.jsonl"])
def test_a_run_that_has_lost_a_part_is_refused_and_what_was_concluded_stays(folder: Path, name: str) -> None:
    path = folder / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(UsageError, match=r"is not whole: .* so nothing is concluded from it"):
        render_again(folder, None, anew=False, as_json=False)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_run_that_was_killed_is_read_as_far_as_it_goes(folder: Path) -> None:
    path = folder / "observations.jsonl"
    path.write_bytes(path.read_bytes()[:-1000])
    rewrite(folder, status="incomplete", recorded=None)
    assert load_run(folder).status == "incomplete"


def test_a_run_of_the_schema_before_is_read_and_one_of_another_is_refused(folder: Path) -> None:
    rewrite(folder, schema_version=1, recorded=None)
    assert load_run(folder).faults
    for version in (3, "2", None):
        rewrite(folder, schema_version=version)
        with pytest.raises(UsageError, match=r"has the schema version .*; this version of the tool reads 1 and 2"):
            load_run(folder)
