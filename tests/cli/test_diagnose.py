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
        (("tests/diagnose",), "tests/diagnose is a folder without .yaml, .yml or .json files"),
        (("none.yaml",), "none.yaml cannot be read: No such file or directory"),
        (("sts/a", "sts/b"), "sts/a and sts/b are no files, and only one StatefulSet can be named"),
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


def test_files_may_stand_beside_the_statefulset() -> None:
    """As for a commit hook, which adds the names of files."""
    code, out, _ = chaos("statefulset/web", SLOW, "tests/diagnose/unit/broken-network.yaml", "-o", "json")
    assert (code, [f["check"] for f in json.loads(out)["findings"]]) == (1, ["ignores-sigterm"])


def test_an_unreadable_document_is_an_error_beside_the_findings_of_the_others(tmp_path: Path) -> None:
    """With its line."""
    file = tmp_path / "x.yaml"
    file.write_text((ROOT / SLOW).read_text() + "---\na: [1\n")
    code, out, _ = chaos(str(file), "-o", "json")
    document = json.loads(out)
    assert (code, [f["check"] for f in document["findings"]]) == (1, ["not-read", "ignores-sigterm"])
    assert document["findings"][0]["object"]["line"] == len((ROOT / SLOW).read_text().splitlines()) + 2


def test_templates_that_were_not_rendered_exit_with_four_and_the_next_step(tmp_path: Path) -> None:
    """A file that says nothing else is not well, and not wrong."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: web\n")
    file = tmp_path / "templates" / "web.yaml"
    file.write_text("apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Values.name }}}\n---\na: {{ include x }}\n")
    code, out, _ = chaos(str(file))
    assert (code, out.count("helm template")) == (4, 1)
    assert f"(helm template {tmp_path} | chaos diagnose -f -)" in out
    code, _, err = chaos(str(tmp_path))
    assert (code, f"helm template {tmp_path} |" in err) == (2, True)


def test_only_errors_may_fail(tmp_path: Path) -> None:
    """The exit code in JSON is the process's."""
    code, out, _ = chaos(SLOW, "--fail-on", "error", "-o", "json")
    assert (code, json.loads(out)["exit_code"]) == (0, 0)
    assert chaos("tests/diagnose/unit/broken-network.yaml", "--fail-on", "error")[0] == 1


def test_what_a_file_ignores_is_counted_and_told_with_its_reason(tmp_path: Path) -> None:
    """Also one that matches nothing any more; one without a reason is refused."""
    file = tmp_path / "ignore.toml"
    rule = '[[ignore]]\ncheck = "ignores-sigterm"\nobject = "StatefulSet/{}"\nreason = "measured so"\n'
    file.write_text(rule.format("web") + rule.format("other"))
    code, out, _ = chaos(SLOW, "--ignore-file", str(file))
    assert code == 0
    assert "ignored      StatefulSet web" in out
    assert "[ignores-sigterm]: measured so" in out
    assert "it ignores ignores-sigterm of StatefulSet/other, and nothing of the kind is found" in out
    assert out.splitlines()[-1].startswith(f"{SLOW}: 1 note, 1 ignored")
    _, out, _ = chaos(SLOW, "--ignore-file", str(file), "-o", "json")
    row = json.loads(out)["ignored"][0]
    assert (row["finding"]["check"], row["reason"], row["said_in"]["file"]) == (
        "ignores-sigterm",
        "measured so",
        str(file),
    )
    file.write_text('[[ignore]]\ncheck = "port"\nobject = "Service/web"\n')
    code, _, err = chaos(SLOW, "--ignore-file", str(file))
    assert (code, "has no reason" in err) == (2, True)


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
