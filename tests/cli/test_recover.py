"""`chaos recover` reads what anybody may have written, and nothing that a file tells it to read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chaos.cli.console import SteadfastConsole
from chaos.cli.recover import RecoverRequest, recover_runs
from chaos.cli.recover_left import left_in_cluster
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import FIX_PREFIX, JOURNAL, Journal
from chaos.cluster.mirror import Mirror
from chaos.cluster.signing import user_key
from chaos.errors import RollbackError
from tests.cluster.journals import RUN, entry, write
from tests.diagnose.clusters import Place, run

ESCAPE = "\x1b]0;owned\x07\x1b[2J"


def kubeconfig(path: Path, context: str, program: Path | None = None) -> Path:
    """One whose server is nowhere; reading it runs a program."""
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    parts: dict[str, Any] = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"exec": command} if program else {}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(parts))
    return path


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own kubeconfig."""
    path = kubeconfig(tmp_path / "mine", "c")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """One that came with somebody's reports; the file `ran` is there once it was read."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    program.chmod(0o755)
    return kubeconfig(tmp_path / "theirs", "c", program)


def recovered(tmp_path: Path, **more: Any) -> int:
    return recover_runs(RecoverRequest(more.pop("folder", None), tmp_path / "reports", **more))


def test_the_kubeconfig_that_a_journal_names_is_told_and_not_read(
    tmp_path: Path, mine: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "reports" / "r", entry(namespace="default"), run={**RUN, "kubeconfig": str(theirs)})
    assert recovered(tmp_path) == 3  # the user's own leads to a server that is not there
    assert not (tmp_path / "ran").exists()
    said = capsys.readouterr().err
    assert f"names the kubeconfig {theirs}, which was not read" in said
    assert "127.0.0.1:1 cannot be reached" in said


def test_it_is_read_where_the_user_names_it(tmp_path: Path, mine: Path, theirs: Path) -> None:
    write(tmp_path / "reports" / "r", entry(namespace="default"), run={**RUN, "kubeconfig": str(theirs)})
    assert recovered(tmp_path, kubeconfig=theirs) == 3
    assert (tmp_path / "ran").exists()


def test_a_context_is_looked_up_in_the_users_kubeconfig_alone(
    tmp_path: Path, mine: Path, theirs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = {**RUN, "kubeconfig": str(theirs), "context": "theirs"}
    write(tmp_path / "reports" / "r", entry(namespace="default"), run=about)
    assert recovered(tmp_path) == 2
    assert f"the kubeconfig {mine} has no context 'theirs'" in capsys.readouterr().err


def test_a_journal_that_says_in_cluster_gives_way_to_a_kubeconfig_that_is_named(
    tmp_path: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "reports" / "r", entry(namespace="default"), run={**RUN, "context": "", "in_cluster": True})
    assert recovered(tmp_path) == 2
    assert "this process is in no pod" in capsys.readouterr().err
    assert recovered(tmp_path, kubeconfig=mine) == 2
    assert "names no context" in capsys.readouterr().err
    assert recovered(tmp_path, context="c") == 3


def test_one_journal_that_is_none_keeps_no_other_from_being_undone(
    tmp_path: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = tmp_path / "reports"
    for name in ("a-fifo", "b-folder", "c-bytes", "d-deep", "e-nothing", "f-locked-away", "g-link"):
        (reports / name).mkdir(parents=True)
    os.mkfifo(reports / "a-fifo" / JOURNAL)
    (reports / "b-folder" / JOURNAL).mkdir()
    (reports / "c-bytes" / JOURNAL).write_bytes(b'\xff{"run": 1}\n')
    (reports / "d-deep" / JOURNAL).write_bytes(b'{"run": ' + b"[" * 100_000 + b"\n")
    (reports / "e-nothing" / JOURNAL).write_bytes(b"")
    (reports / "f-locked-away" / JOURNAL).write_text("hello\nworld\n")
    (reports / "g-link" / JOURNAL).symlink_to("/dev/null")
    (reports / "z").mkdir()
    write(reports / "z", entry(namespace="default"))
    assert recovered(tmp_path) == 2
    said = capsys.readouterr().err
    for name in ("a-fifo", "b-folder", "c-bytes", "d-deep", "f-locked-away", "g-link"):
        assert f"{reports / name / JOURNAL} " in said
    assert "e-nothing" not in said
    assert f"{reports / 'z'}: 1 changes to undo, by context c" in said


def test_a_terminal_obeys_nothing_that_a_journal_says(
    tmp_path: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = {**RUN, "kubeconfig": f"/x{ESCAPE}\nall undone", "context": f"c{ESCAPE}"}
    lines = (
        entry(name=f"n{ESCAPE}\nforged", kind=f"K{ESCAPE}", change=f"make{ESCAPE}", restore={"x": ESCAPE}),
        entry(id=2, undo="command", kind="Node", name="n", command=f"rm -rf /{ESCAPE}\rtrue"),
        f'{{"entry": "{ESCAPE}\u202e"}}'.encode(),
    )
    write(tmp_path / "reports" / "r", *lines, run=about)
    assert recovered(tmp_path) == 2
    said = capsys.readouterr().err
    assert "rm -rf /\\x1b]0;owned\\x07\\x1b[2J\\rtrue" in said
    assert [char for char in said if not char.isprintable() and char != "\n"] == []
    assert not [line for line in said.splitlines() if line.startswith(("forged", "all undone"))]


def test_a_simulated_run_that_is_named_is_told_to_leave_nothing(
    tmp_path: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "reports" / "r", entry(namespace="default"), run={**RUN, "simulated": True})
    assert recovered(tmp_path, folder=path.parent) == 0
    assert "a simulated run" in capsys.readouterr().err


def test_what_fix_made_is_undone_only_by_name(tmp_path: Path, mine: Path) -> None:
    path = write(tmp_path / "reports" / "r", entry(namespace="default"), run={**RUN, "id": f"{FIX_PREFIX}1"})
    assert recovered(tmp_path) == 0
    assert recovered(tmp_path, folder=path.parent) == 3  # it goes as far as the server that is not there


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_journal_that_cannot_be_written_is_told(
    tmp_path: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "reports" / "r", entry(namespace="default")).chmod(0o444)
    assert recovered(tmp_path) == 3
    assert "copy its folder to where you may write" in capsys.readouterr().err


def written_head(folder: Path, fingerprint: str, place: str = "context c") -> None:
    """What a run writes down of itself before it changes anything, without its journal."""
    environment = {"place": place, "cluster_fingerprint": fingerprint}
    head = {"experiment": "Dns-Outage", "environment": environment, "target": {"namespace": "mine"}, "simulated": False}
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(head))


@pytest.mark.parametrize("journal", ["lost", "empty", "torn", "foreign", "of another run's end"])
def test_a_folder_with_nothing_to_undo_tells_of_what_its_cluster_still_says(
    tmp_path: Path, journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its journal or its run.json it is known which cluster that is; what recovers the run is named."""
    folder = tmp_path / "dns-outage" / "2026-01-01T00-00-00Z"
    named: list[ClusterAddress] = []

    async def story(place: Place) -> None:
        async def connected(address: ClusterAddress, _namespace: str = "") -> Cluster:
            named.append(address)
            api = place.sandbox.api
            return await connect(ClusterAddress(url=api.url, connector=api.connector()))

        monkeypatch.setattr("chaos.cli.recover_left.connect", connected)
        console = SteadfastConsole(stderr=True)
        written_head(folder, place.cluster.fingerprint)
        assert await left_in_cluster(folder, None, None, console) == []
        about = {**RUN, "id": "dns-outage-2026-01-01t00-00-00z", "fingerprint": place.cluster.fingerprint}
        real = Journal.start(folder, about)
        real.intend(change="cut node n", undo="command", kind="Node", name="n", command="join n")
        await Mirror(place.cluster, real, "default").write()
        real.close()
        match journal:
            case "lost":
                real.path.unlink()
            case "empty" | "torn" | "foreign":
                real.path.write_bytes({"empty": b"", "torn": b'{"v":1,', "foreign": b"hello\n"}[journal])
            case _:
                real.update(real.entries[1], "undone")
        (left,) = await left_in_cluster(folder, None, None, console)
        assert (
            "did not undo: run a command of the operator's on Node n, says ConfigMap chaos-identity-run" in left.message
        )
        assert left.hint.endswith(f"chaos recover --context c --from-cluster {about['id']}")
        assert left.exit_code == 5

    run(story)
    assert named == [ClusterAddress("c")] * 2


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, 3)])
def test_a_cluster_that_cannot_be_asked_counts_where_no_journal_says_that_all_was_undone(
    tmp_path: Path, mine: Path, whole: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "x" / "now"
    written_head(folder, "f")
    write(folder, entry(namespace="default", state="undone")) if whole else (folder / JOURNAL).touch()
    assert recovered(tmp_path, folder=folder) == code
    assert "127.0.0.1:1 cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize("head", ["[]", "{}", "[" * 100_000, '{"environment":{"place":1}}', "\x00", "pipe"])
def test_a_run_json_that_tells_nothing_tells_of_no_cluster(tmp_path: Path, mine: Path, head: str) -> None:
    folder = tmp_path / "x" / "now"
    folder.mkdir(parents=True)
    (folder / JOURNAL).touch()
    (os.mkfifo if head == "pipe" else (lambda path: Path(path).write_text(head)))(folder / "run.json")
    assert recovered(tmp_path, folder=folder) == 0


@pytest.mark.parametrize(("signed", "named", "told"), [(True, False, True), (False, False, False), (False, True, True)])
def test_commands_of_whatever_lies_below_a_folder_need_its_name_where_the_key_did_not_sign_them(
    tmp_path: Path, mine: Path, signed: bool, named: bool, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have put another journal there since they were read."""
    seen: list[bool] = []

    async def watched(*_args: Any, run_commands: bool, **_more: Any) -> list[RollbackError]:
        seen.append(run_commands)
        return []

    async def nothing(*_args: Any) -> Any:
        return NoCluster()

    async def nothing_left(*_args: Any) -> list[RollbackError]:
        return []

    monkeypatch.setattr("chaos.cli.recover.connect", nothing)
    monkeypatch.setattr("chaos.cli.recover.take_away", nothing_left)
    monkeypatch.setattr("chaos.cli.recover.recover", watched)
    folder = tmp_path / "reports" / "r"
    folder.mkdir(parents=True)
    journal = Journal.start(folder, RUN, user_key(make=True).data if signed else b"")
    journal.intend(change="cut", undo="command", kind="Node", name="n", command="true")
    journal.close()
    assert recovered(tmp_path, run_commands=True, **({"folder": folder} if named else {})) == 0
    assert seen == [told]


class NoCluster:
    async def close(self) -> None:
        """Nothing is open."""
