"""Commands on nodes: the undo is on the disk first, and a journal's command runs only where somebody said so."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import Mirror
from chaos.cluster.shell import for_node, run_shell
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover, roll_back
from chaos.errors import PreflightError, RollbackError

RUN = {"id": "r1", "context": "c", "fingerprint": "f"}


class NoCluster:
    """Nothing of it is needed: a command is no request."""

    witness = None

    async def is_the_one(self, fingerprint: str) -> bool:
        return fingerprint == "f"


def changes_of(journal: Journal, **how: Any) -> Changes:
    clock = RunClock(asyncio.get_running_loop())
    return Changes(cast("Cluster", NoCluster()), journal, clock, "r1", **how)


async def test_the_undo_is_on_the_disk_before_the_command_runs(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    copy = tmp_path / "seen"
    await changes_of(journal).command_on_node(
        "node-2", f"cp {journal.path} {copy}; echo {{node}}", undo="echo up {node}"
    )
    entry = json.loads(copy.read_text().splitlines()[-1])["entry"]
    assert (entry["state"], entry["undo"], entry["command"]) == ("intended", "command", "echo up node-2")


async def test_a_command_that_fails_leaves_its_undo_open(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    with pytest.raises(PreflightError, match="ended with 3: half done"):
        await changes_of(journal).command_on_node("node-2", "echo half done; exit 3", undo="true")
    assert [e.command for e in Journal.load(journal.path).open_entries()] == ["true"]


class SlowMirror:
    """One that takes longer to tell than anybody waits."""

    def __init__(self, patience: Patience) -> None:
        self.asked_ns: list[int] = []
        self._patience = patience

    async def write(self) -> None: ...

    async def settle(self) -> str:
        self.asked_ns.append(self._patience.clock.now_ns())
        if len(self.asked_ns) > 1:
            self._patience.shorten(0)
            await asyncio.Event().wait()
        return ""


async def test_what_the_mirror_takes_is_neither_the_commands_time_nor_its_failure(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    patience = Patience(RunClock(asyncio.get_running_loop()))
    mirror = SlowMirror(patience)
    clock = patience.clock
    changes = Changes(cast("Cluster", NoCluster()), journal, clock, "r1", cast("Mirror", mirror))
    await changes.command_on_node("node-2", "true", undo="true")
    joined = await changes.undo_command_on_node("node-2")
    assert joined.accepted_ns <= mirror.asked_ns[0]
    await changes.command_on_node("node-2", "true", undo="true")
    assert await roll_back(journal, changes, Silence(), patience) == []
    assert not journal.open_entries()


async def test_once_patience_is_over_nothing_is_begun_any_more(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    changes, done = changes_of(journal), tmp_path / "done"
    await changes.command_on_node("node-2", "true", undo=f"touch {done}")
    (left,) = await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop()), 0))
    assert "node-2 could not be joined again" in left.message
    assert not done.exists()


async def test_the_rollback_of_a_run_runs_the_undo_once(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    changes = changes_of(journal)
    count = tmp_path / "count"
    await changes.command_on_node("node-2", "true", undo=f"echo {{node}} >> {count}")
    await changes.undo_command_on_node("node-2")
    assert await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop()))) == []
    assert count.read_text() == "node-2\n"


@pytest.mark.parametrize("told_to", [False, True])
async def test_recovering_tells_the_command_and_runs_it_only_when_told_to(tmp_path: Path, told_to: bool) -> None:
    written = Journal.start(tmp_path, RUN)
    mark = tmp_path / "ran"
    await changes_of(written).command_on_node("node-2", "true", undo=f"touch {mark}")
    written.close()
    journal = Journal.load(written.path)
    clock = RunClock(asyncio.get_running_loop())
    failures = await recover(journal, cast("Cluster", NoCluster()), clock, Silence(), run_commands=told_to)
    assert mark.exists() is told_to
    assert [f"touch {mark}" in failure.hint for failure in failures] == ([] if told_to else [True])
    assert bool(Journal.load(written.path).open_entries()) is not told_to


async def test_an_undo_that_fails_is_told_with_the_command(tmp_path: Path) -> None:
    journal = Journal.start(tmp_path, RUN)
    changes = changes_of(journal)
    await changes.command_on_node("node-2", "true", undo="exit 4")
    with pytest.raises(RollbackError) as caught:
        await changes.undo_command_on_node("node-2")
    assert "exit 4" in caught.value.hint
    assert len(journal.open_entries()) == 1


async def test_a_command_that_hangs_is_ended_with_all_that_it_started() -> None:
    with pytest.raises(PreflightError, match=r"was not over after 0\.2 s"):
        await run_shell("sleep 60 & sleep 60", 0.2)


async def test_a_command_that_leaves_a_process_behind_is_over_when_it_ends_itself() -> None:
    """As ssh does that keeps its connection for the next one."""
    async with asyncio.timeout(20):
        assert await run_shell("echo cut; sleep 30 & disown 2>/dev/null || true", within_s=15) == "cut"


def test_a_nodes_name_is_quoted_for_the_shell() -> None:
    assert for_node("cut {node} now", "a;b") == "cut 'a;b' now"
