"""`chaos diagnose` on files, as a user calls it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.commands import run_command

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "diagnose" / "unit"
SLOW = "experiments/manifests/web-slow-to-end.yaml"


def chaos(*args: str, given: str = "") -> tuple[int, str, str]:
    done = run_command("diagnose", *args, folder=ROOT, given=given)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_fault_is_told_with_what_was_seen_and_how_to_mend_it() -> None:
    code, out, _ = chaos("-f", "tests/diagnose/unit/broken-network.yaml")
    assert code == 1
    first = out.splitlines()[0]
    assert first.startswith(
        "error   StatefulSet broken-network in namespace default (tests/diagnose/unit/broken-network.yaml:7)"
    )
    assert "seen: spec.serviceName is nonexistent-service" in out
    assert "fix: create the headless Service nonexistent-service" in out
    assert "not checked  stale-subdomain, not-ready, blocked-rollout, cluster-dns, record: needs a cluster" in out


def test_json_has_everything_and_the_exit_code() -> None:
    code, out, _ = chaos("-f", str(SLOW), "-o", "json")
    document = json.loads(out)
    assert code == document["exit_code"] == 1
    assert [f["check"] for f in document["findings"]] == ["ignores-sigterm"]
    assert document["findings"][0]["object"]["line"] == 39
    assert {row["check"] for row in document["not_checked"]} == {
        "stale-subdomain",
        "not-ready",
        "blocked-rollout",
        "cluster-dns",
        "record",
    }


def test_standard_input_that_is_well_exits_with_zero() -> None:
    code, out, _ = chaos("-f", "-", given=(UNIT / "web-headless.yaml").read_text())
    assert (code, out.splitlines()[-1].startswith("-: nothing found")) == (0, True)


def test_one_statefulset_can_be_named() -> None:
    files = ("-f", str(SLOW), "-f", str(UNIT / "broken-network.yaml"), "-o", "json")
    _, out, _ = chaos("statefulset/web", *files)
    assert [f["check"] for f in json.loads(out)["findings"]] == ["ignores-sigterm"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "no cluster is named"),
        (("-f", "none.yaml"), "none.yaml cannot be read: No such file or directory"),
        (("-f", "pyproject.toml"), "pyproject.toml:"),
        (("-f", "tests/diagnose/unit/web.yaml", "sts/none"), "there is no StatefulSet none in the given files"),
        (("-f", "tests/diagnose/unit/web.yaml", "pod/web-0"), "is no statefulset/NAME"),
        (("-f", "tests/diagnose/unit/web.yaml", "--fix"), "--fix changes a cluster"),
        (("-f", "x", "--context", "a", "--in-cluster"), "exclude each other"),
        (("-f", "x", "--context", "a"), "-f looks at files, without a cluster"),
    ],
)
def test_what_is_said_wrong_exits_with_two(args: tuple[str, ...], message: str) -> None:
    code, _, err = chaos(*args)
    assert (code, message in err) == (2, True), err


def test_a_cluster_that_does_not_answer_exits_with_three(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
        config = {
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        code, out, err = chaos("--context", "test", "--kubeconfig", str(path))
    assert (code, out) == (3, "")
    assert "cannot be reached" in err
