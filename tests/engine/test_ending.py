"""A method that does not end is ended when its own `timeout_s` is over, and what it had changed is undone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.engine import ending
from chaos.engine.ending import Over, run_at_most
from chaos.engine.execution import Execution, RunResult
from chaos.errors import InconclusiveError, UsageError
from chaos.experiment import Experiment, Options, Run, Workload, find_experiment
from chaos.model import VerdictOutcome
from kubesim import run_virtual
from tests.sandboxed import run_sandboxed

MAIN = find_experiment("identity-persistence")
QUICK = Options(trials=1, grace_s=1, period_s=1.0, max_qps=None)


def own(method: object, *, timeout_s: float = 20, repeats: bool = False) -> Experiment:
    return replace(MAIN, method=method, timeout_s=timeout_s, options=("trials",) if repeats else (), probes=("dns",))  # type: ignore[arg-type]


def ended(reports: Path, experiment: Experiment, options: Options = QUICK) -> RunResult:
    return run_sandboxed(reports, options, experiment=experiment).result


async def sleeps(run: Run) -> None:
    await asyncio.sleep(10**9)


async def asks_for_ever(run: Run) -> None:
    while True:
        await run.resolve("web-0.web")
        await run.sleep(1)


async def waits_for_nobody(run: Run) -> None:
    await asyncio.Event().wait()


async def swallows_it_once(run: Run) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(10**9)
    await asyncio.sleep(10**9)


async def swallows_it_and_ends(run: Run) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(10**9)


async def swallows_it_for_ever(run: Run) -> None:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1)


async def cleans_up_for_ever(run: Run) -> None:
    try:
        await asyncio.sleep(10**9)
    finally:
        await asyncio.sleep(10**9)


async def raises_when_ended(run: Run) -> None:
    try:
        await asyncio.sleep(10**9)
    finally:
        raise RuntimeError("late")


LEFT = "it did not end when it was cancelled, and was left where it waits"


@pytest.mark.parametrize(
    ("method", "left"),
    [
        (sleeps, False),
        (asks_for_ever, False),
        (waits_for_nobody, False),
        (swallows_it_once, False),
        (swallows_it_and_ends, False),
        (raises_when_ended, False),
        (cleans_up_for_ever, False),
        (swallows_it_for_ever, True),
    ],
)
def test_a_method_that_does_not_end_is_ended_and_undone(tmp_path: Path, method: object, left: bool) -> None:
    result = ended(tmp_path, own(method))
    assert isinstance(result.error, InconclusiveError)
    said = result.error.message
    assert f"{MAIN.source}, line " in said
    assert "the method of identity-persistence was not over after 20 s and was ended (timeout_s is 20)" in said
    assert (LEFT in said) is left
    assert result.leftovers == []
    assert "what it had changed is undone" in result.error.hint


def test_such_a_run_passes_nothing(tmp_path: Path) -> None:
    result = ended(tmp_path, own(sleeps))
    assert result.history.status == "incomplete"
    verdicts = judge(Reading(result.history), result.history.meta.parameters["checkers"])
    assert VerdictOutcome.OK not in {v.outcome for v in verdicts}


def test_what_was_left_never_goes_on(tmp_path: Path) -> None:
    """Else it could change what is being undone."""
    steps: list[float] = []

    async def method(run: Run) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                steps.append(asyncio.get_running_loop().time())
                await asyncio.sleep(1)

    async def story() -> Over:
        over = await run_at_most(method(None), 3.5)  # type: ignore[arg-type]  # it asks nothing of it
        await asyncio.sleep(100)
        return over

    assert run_virtual(story()) is Over.left
    assert steps == [0, 1, 2, 3, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5]


def test_one_that_ends_in_time_is_not_touched() -> None:
    async def story() -> tuple[Over, float]:
        over = await run_at_most(asyncio.sleep(3), 3.5)
        return over, asyncio.get_running_loop().time()

    assert run_virtual(story()) == (Over.by_itself, 3.0)


def test_its_own_timeouts_go_on_to_work() -> None:
    async def method() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(2)
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(1))

    async def story() -> tuple[Over, float]:
        over = await run_at_most(method(), 3.5)
        return over, asyncio.get_running_loop().time()

    assert run_virtual(story()) == (Over.by_itself, 2.0)


def test_a_method_that_takes_turns_has_its_time_for_each(tmp_path: Path) -> None:
    result = ended(tmp_path, own(sleeps, repeats=True), replace(QUICK, trials=2))
    assert result.error is not None
    assert "was not over after 60 s and was ended (timeout_s is 20, 3 times that in this run)" in result.error.message


def test_who_allows_recovery_more_time_allows_the_method_more(tmp_path: Path) -> None:
    result = ended(tmp_path, own(sleeps), replace(QUICK, within_s=90))
    assert result.error is not None
    assert "was not over after 30 s and was ended (timeout_s is 20, 1.5 times that in this run)" in result.error.message


class Interrupted(Execution):
    """A run that the user ends."""

    async def run(self) -> RunResult:
        asyncio.get_running_loop().call_later(10, self.interrupt)
        return await super().run()


def test_an_interruption_ends_one_that_swallows_it_too(tmp_path: Path) -> None:
    """Ctrl-C must lead to the undo, whatever the method does."""
    ran = run_sandboxed(tmp_path, QUICK, experiment=own(swallows_it_for_ever), kind=Interrupted)
    assert (ran.history.status, ran.result.leftovers) == ("interrupted", [])


async def computes(run: Run) -> None:
    while True:
        pass


async def sleeps_without_awaiting(run: Run) -> None:
    time.sleep(10**6)  # noqa: ASYNC251 - that is the point


async def awaits_nothing_that_takes_time(run: Run) -> None:
    while True:
        await asyncio.sleep(0)


async def computes_and_swallows(run: Run) -> None:
    swallowed = 0
    while swallowed < 2:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001 - that is the point
            swallowed += 1


@pytest.mark.parametrize("method", [computes, sleeps_without_awaiting, awaits_nothing_that_takes_time])
def test_one_that_never_awaits_is_ended_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: object
) -> None:
    """Virtual time stands still meanwhile, so real time tells; how much passes decides nothing here."""
    monkeypatch.setattr(ending, "BLOCKED_AT_LEAST_S", 0.0)
    experiment = replace(own(method, timeout_s=0.5), workload=Workload((), "", "", 0), probes=(), source=Path(__file__))
    result = ended(tmp_path, replace(experiment, workload=None))
    assert isinstance(result.error, InconclusiveError)
    assert "the method of identity-persistence was ended, since it computed or blocked there" in result.error.message
    assert f"{Path(__file__)}, line " in result.error.message
    assert "its timeout_s of 0.5 was over" in result.error.message
    assert result.leftovers == []


def test_one_that_swallows_even_that_is_told_of_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "BLOCKED_AT_LEAST_S", 0.0)
    monkeypatch.setattr(ending, "_AGAIN_S", 0.01)
    told: list[int] = []
    over = run_virtual(run_at_most(computes_and_swallows(None), 0.05, lambda: told.append(1)))  # type: ignore[arg-type]
    assert over is Over.by_itself
    assert told


def test_a_cancellation_of_its_own_is_no_pass(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        task = asyncio.ensure_future(asyncio.sleep(100))
        task.cancel()
        await task

    error = ended(tmp_path, own(method)).error
    assert isinstance(error, UsageError)
    assert "raised CancelledError" in error.message
