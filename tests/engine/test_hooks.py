"""Hooks: once each, bounded, told of the run; and what becomes of a run whose hook does not work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from chaos.cli.saved import conclude, outcome_of
from chaos.clock import RunClock
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.mirror import MIRROR_LABEL, MIRROR_NAME, Copy, mirrored
from chaos.cluster.shell import run_hook
from chaos.cluster.undo import Undo
from chaos.engine.execution import Execution
from chaos.engine.hooks import Hooks
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover, roll_back
from chaos.errors import AbortedError, ChaosError, PreflightError, RollbackError
from chaos.experiment import Options, Run, find_experiment
from chaos.model import History, RunOutcome
from chaos.options.aborting import AbortOptions
from chaos.options.hooks import HookOptions
from kubesim import run_virtual
from tests.engine.test_execution import with_method
from tests.sandboxed import Ran, run_sandboxed

SECRET = "s3cret"
ONE_NAME = "CHAOS_RUN_ID CHAOS_EXPERIMENT CHAOS_NAMESPACE CHAOS_CONTEXT CHAOS_PHASE CHAOS_OUTCOME"
RUN = {"id": "r-1", "fingerprint": "f", "context": "c", "namespace": "mine"}


async def nothing(run: Run) -> None:
    """Waits for nothing and does nothing."""


def writes(path: Path, more: str = "true") -> str:
    """A hook that adds what it was told to a file, as a line, and holds a password."""
    shown = " ".join(f'"${{{name}-}}"' for name in ONE_NAME.split())
    return f"printf '%s|' {shown} >> '{path}'; echo >> '{path}'; : {SECRET}; {more}"


async def steady(run: Run) -> None:
    """Waits for the steady state, and then for long."""
    await run.steady_state(60)
    await run.sleep(60)


def judge(history: History, error: ChaosError | None) -> str:
    return outcome_of(history, error, find_experiment("identity-persistence"))


def ran(
    folder: Path, options: HookOptions, aborting: AbortOptions | None = None, *, method: Any = nothing, **more: Any
) -> Ran:
    given = Options(period_s=0.25, max_qps=None, hooks=options, aborting=aborting or AbortOptions())
    return run_sandboxed(folder / "reports", given, experiment=with_method(method), **more)


def lines(path: Path) -> list[list[str]]:
    return [line.split("|")[:-1] for line in path.read_text().splitlines()]


def test_each_runs_once_and_is_told_of_the_run_and_the_later_one_of_its_end(tmp_path: Path) -> None:
    told = tmp_path / "told"
    found = ran(tmp_path, HookOptions(writes(told), writes(told)))
    before, after = lines(told)
    namespace = found.history.meta.target["namespace"]
    assert before[1:] == ["identity-persistence", namespace, "sandbox", "before", ""]
    assert after[:4] == before[:4]
    assert after[4] == "after"
    assert after[5] in {"held", "inconclusive"}
    assert found.result.error is None
    assert Journal.load(found.result.folder / JOURNAL).open_entries() == []


def test_a_hook_that_fails_before_the_run_lets_nothing_begin_and_the_other_one_runs(tmp_path: Path) -> None:
    """And no file but the journal, which is its user's alone, has what a hook is."""
    told = tmp_path / "told"
    found = ran(tmp_path, HookOptions(writes(told, "echo no silence for you; exit 7"), writes(told)))
    error = found.result.error
    assert isinstance(error, PreflightError)
    assert error.message == "the before hook ended with 7, so nothing is begun"
    assert error.hint == "it said: no silence for you"
    assert [one[4] for one in lines(told)] == ["before", "after"]
    journal = Journal.load(found.result.folder / JOURNAL)
    assert [entry.kind for entry in journal.entries.values()] == ["Hook"]
    assert conclude(found.result.folder, found.history, error).ending.exit_code == 3
    for path in found.result.folder.iterdir():
        assert (SECRET in path.read_text()) == (path.name == JOURNAL), path
    hooks = json.loads((found.result.folder / "run.json").read_text())["parameters"]["hooks"]
    assert hooks == {"before_hook": True, "after_hook": True, "hook_timeout_s": 30.0}


def test_a_hook_that_fails_after_the_run_makes_of_a_run_that_held_one_that_is_inconclusive(tmp_path: Path) -> None:
    found = ran(tmp_path, HookOptions("", "exit 1"))
    ended = conclude(found.result.folder, found.history, None).ending
    assert "after hook ended with 1" in found.history.meta.measurement["after_hook_failed"]
    assert (ended.outcome, ended.exit_code) == (RunOutcome.INCONCLUSIVE, 4)
    report = (found.result.folder / "report.md").read_text()
    assert "**After hook:** the after hook ended with 1" in report


def test_the_after_hook_runs_when_the_run_was_aborted_interrupted_or_ended_by_a_defect(tmp_path: Path) -> None:
    """Each has its own word, and all of them end an alert's silence."""

    class Broken(Execution):
        async def _roll_back(self, begun: Any) -> Any:
            begun.recorder.close()
            raise RuntimeError("a defect")

    class Interrupted(Execution):
        async def _measure(self, *_: Any) -> None:
            asyncio.get_running_loop().call_soon(self.interrupt)
            await asyncio.sleep(60)

    class Judged(Execution):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more, judge=judge)

    told = tmp_path / "told"
    options = HookOptions("", writes(told))
    ran(tmp_path, options, kind=Interrupted)
    aborted = ran(tmp_path, options, AbortOptions(("pod/web-0: Ready = True",)), method=steady, kind=Judged)
    assert isinstance(aborted.result.error, AbortedError)
    with pytest.raises(RuntimeError, match="a defect"):
        ran(tmp_path, options, kind=Broken)
    assert [one[5] for one in lines(told)] == ["interrupted", "aborted", "inconclusive"]


@pytest.mark.parametrize(
    ("command", "said"),
    [("sleep 60", "was not over after 0.05 s and was ended"), ("trap '' TERM; sleep 60 & wait", "was ended")],
)
async def test_one_that_hangs_is_ended_with_all_that_it_began(command: str, said: str) -> None:
    with pytest.raises(PreflightError, match=said):
        await run_hook("the before hook", command, 0.05, {})


def story(folder: Path, doing: Any) -> Any:
    """Something with the journal of a run that was killed before its after hook."""

    async def main() -> Any:
        told = folder / "told"
        hooks = Hooks(HookOptions("", writes(told)), Journal.start(folder, RUN), {"CHAOS_RUN_ID": "r-1"})
        await hooks.before()
        journal = Journal.load(folder / JOURNAL)
        return await doing(journal, told)

    return run_virtual(main())


class _Cluster:
    """The one that the run was on, in which nothing is."""

    name, fingerprint = "c", "f"

    async def is_the_one(self, _fingerprint: str) -> bool:
        return True


def recovered(journal: Journal, *, run_commands: bool) -> Coroutine[Any, Any, list[RollbackError]]:
    clock = RunClock(asyncio.get_running_loop())
    return recover(journal, _Cluster(), clock, Silence(), run_commands=run_commands)  # type: ignore[arg-type]


def test_recover_of_a_killed_run_says_that_its_after_hook_did_not_run_and_runs_it_where_that_is_asked(
    tmp_path: Path,
) -> None:
    async def doing(journal: Journal, told: Path) -> None:
        (left,) = await recovered(journal, run_commands=False)
        assert left.message == "the after hook of run r-1 did not run"
        assert "--run-commands" in left.hint
        assert not told.exists()  # noqa: ASYNC240 - one small folder
        assert await recovered(journal, run_commands=True) == []
        assert [one[4:] for one in lines(told)] == [["after", "incomplete"]]
        assert await recovered(journal, run_commands=True) == []
        assert len(lines(told)) == 1

    story(tmp_path, doing)


def test_a_run_that_goes_on_leaves_it_to_itself_and_no_mirror_has_it(tmp_path: Path) -> None:
    async def doing(journal: Journal, told: Path) -> None:
        undo = Undo(_Cluster(), journal, RunClock(asyncio.get_running_loop()))  # type: ignore[arg-type]
        assert await roll_back(journal, undo, Silence(), Patience(RunClock(asyncio.get_running_loop()))) == []
        assert not told.exists()  # noqa: ASYNC240 - one small folder
        journal.intend(change="patch", undo="restore", kind="Node", name="n", uid="u", applied={}, restore={})
        assert SECRET not in mirrored(journal)

    story(tmp_path, doing)


def test_a_hook_in_a_copy_in_the_cluster_is_somebody_elses(tmp_path: Path) -> None:
    async def doing(journal: Journal, _told: Path) -> None:
        (entry,) = journal.open_entries()
        meta = {"name": MIRROR_NAME, "namespace": "mine", "uid": "u", "labels": {MIRROR_LABEL: "r-1"}}
        copy = Copy.read({"metadata": meta, "data": {JOURNAL: journal.path.read_text()}})
        assert copy.why_beyond(entry) == "runs write no commands there, so this is somebody else's"

    story(tmp_path, doing)


def test_a_journal_whose_hook_is_told_nonsense_is_none(tmp_path: Path) -> None:
    async def doing(journal: Journal, _told: Path) -> None:
        path = journal.path
        path.write_text(path.read_text().replace('"CHAOS_RUN_ID"', '"LD_PRELOAD"'))
        assert [line.why for line in Journal.load(path).unfit] != []

    story(tmp_path, doing)
