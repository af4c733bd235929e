"""`--until-precision` in a run: it looks where the plan says so, and stops where it is precise or at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

import kubesim
from chaos.analysis.headline import headline
from chaos.analysis.precision import LOOKED
from chaos.analysis.reading import Reading
from chaos.clock import RunClock
from chaos.engine import looks
from chaos.engine.looks import Looks
from chaos.engine.progress import Silence
from chaos.errors import InconclusiveError, UsageError
from chaos.experiment import Experiment, Options, Run, find_experiment
from chaos.model import FaultWindow, Interval, PodIdentity, RunMeta
from chaos.model.figure import plain
from chaos.model.recording import Recorder
from kubesim import run_virtual
from tests.sandboxed import Ran, run_on, run_sandboxed

QUICK = Options(grace_s=1, period_s=0.05, max_qps=None)
S = 1_000_000_000
Outages = Callable[[Reading], list[Interval]]


def looked(ran: Ran) -> list[tuple[int, bool, bool]]:
    """Of each look: durations, whether the run stopped, whether it had reached its precision."""
    return [(d["n"], d["stop"], d["reached"]) for _, what, d in ran.history.marks if what == LOOKED]


class Heard(Silence):
    """Keeps the plan and the steps."""

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.steps: list[str] = []

    def plan(self, lines: list[tuple[str, str]]) -> None:
        self.lines = dict(lines)

    def step(self, text: str) -> None:
        self.steps.append(text)


def test_a_run_stops_at_the_first_look_where_that_is_precise_enough(tmp_path: Path) -> None:
    heard = Heard()

    async def main() -> Ran:
        async with kubesim.Cluster(seed=1) as sandbox:
            return await run_on(sandbox, tmp_path, replace(QUICK, until_precision=0.4), progress=heard)

    ran = run_virtual(main())
    assert ran.result.error is None
    assert len(ran.history.faults) == 7
    assert looked(ran) == [(7, True, True)]
    assert [f.targets[0].name for f in ran.history.faults] == [f"web-{turn % 3}" for turn in range(7)]
    assert ", within 40% as asked." in plain(headline(Reading(ran.history)))
    until = "up to 60 trials, until the median of the outage is known within 40%"
    assert heard.lines["trials"].startswith(f"{until} (--until-precision, --max-trials)")
    radius = "at most 1 pod of web-0, web-1, web-2 down at the same time, counting those that are down anyway"
    assert heard.lines["blast radius"] == f"{radius}, in {until}"
    assert [step for step in heard.steps if step.startswith("after 7 outages") and step.endswith(": as asked")]


def test_a_run_that_is_never_precise_ends_at_its_maximum_and_says_so(tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path, replace(QUICK, until_precision=0.01, max_trials=7))
    assert ran.result.error is None
    assert len(ran.history.faults) == 7
    assert looked(ran) == [(7, True, False)]
    assert ", not within 1% after 7 deletions." in plain(headline(Reading(ran.history)))


def test_after_a_look_the_probes_are_heard_again_before_the_next_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No probe runs while a look takes its time, and what was not heard before the fault widens its outage."""
    monkeypatch.setattr(looks, "outages", lambda _: [])
    faults = run_sandboxed(tmp_path, replace(QUICK, until_precision=0.1, max_trials=8)).history.faults
    assert len(faults) == 8
    paused_ns = [after.sent_ns - (before.ended_ns or 0) for before, after in pairwise(faults)]
    assert max(paused_ns[:6]) < S // 10
    assert paused_ns[6] >= 0.3 * S


def test_the_run_may_take_as_long_as_its_maximum_of_trials_needs(tmp_path: Path) -> None:
    async def wait(run: Run) -> None:
        await run.sleep(6 * 10)

    slow = Options(period_s=1.0, connect_period_s=1.0, max_qps=None)
    waits = replace(find_experiment("identity-persistence"), method=wait, timeout_s=10)
    longer = replace(slow, until_precision=0.1, max_trials=7)
    assert isinstance(run_sandboxed(tmp_path, slow, experiment=waits).result.error, InconclusiveError)
    assert run_sandboxed(tmp_path, longer, experiment=waits).result.error is None


async def once(run: Run) -> None:
    """No turns."""
    await run.steady_state(within_s=60)


@pytest.mark.parametrize(
    ("experiment", "why"),
    [
        (replace(find_experiment("identity-persistence"), method=once, options=()), "repeats its fault"),
        (find_experiment("force-delete"), "how long a pod is unreachable"),
        (replace(find_experiment("identity-persistence"), probes=("tcp",)), "how long a pod is unreachable"),
    ],
)
def test_what_does_not_get_more_precise_is_refused_before_anything_is_touched(
    tmp_path: Path, experiment: Experiment, why: str
) -> None:
    with pytest.raises(UsageError, match=f"--until-precision is .*{why}"):
        run_sandboxed(tmp_path, replace(QUICK, until_precision=0.1), experiment=experiment)
    assert list(tmp_path.iterdir()) == []


async def faults_until_enough(folder: Path, lasted: Outages, patch: pytest.MonkeyPatch) -> tuple[int, list[int]]:
    """How many faults such outages ask for, of 60; and the numbers of faults at which they were computed."""
    asked: list[int] = []

    def outages(reading: Reading) -> list[Interval]:
        asked.append(len(reading.faults))
        return lasted(reading)

    patch.setattr(looks, "outages", outages)
    recorder = Recorder(folder, RunMeta("x", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    looking = Looks(Options(until_precision=0.1), recorder, RunClock(asyncio.get_running_loop()), Silence())
    number = 0
    while number < 60 and not looking.enough():
        number += 1
        disturbed = looking.disturbed()
        assert disturbed == bool(asked and asked[-1] == number - 1)
        recorder.fault(fault(number))
    recorder.close()
    return number, asked


def fault(number: int, *, accepted: bool = True, ended: bool = True) -> FaultWindow:
    target = PodIdentity("web-0", str(number), "10.0.0.1", "node-1")
    at_ns = 10 * number * S
    outcome = "accepted" if accepted else "refused"
    return FaultWindow(
        "delete-pod", number, (target,), outcome, at_ns, at_ns if accepted else None, at_ns + S if ended else None
    )


def far_apart(reading: Reading) -> list[Interval]:
    return [Interval(S * f.trial, S * f.trial + 1) for f in reading.faults]


def alike(reading: Reading) -> list[Interval]:
    return [Interval(S + f.trial, S + 100 + f.trial) for f in reading.faults]


def every_other_one(reading: Reading) -> list[Interval]:
    return alike(reading)[::2]


@pytest.mark.parametrize(
    ("lasted", "faults", "asked"),
    [(alike, 7, [7]), (far_apart, 57, [7, 22, 35, 57]), (every_other_one, 13, [*range(7, 14)])],
)
async def test_it_looks_at_the_planned_numbers_of_outages_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasted: Outages, faults: int, asked: list[int]
) -> None:
    assert await faults_until_enough(tmp_path, lasted, monkeypatch) == (faults, asked)


async def test_a_fault_counts_once_it_was_accepted_and_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "outages", alike)
    recorder = Recorder(tmp_path, RunMeta("x", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    looking = Looks(Options(until_precision=0.1), recorder, RunClock(asyncio.get_running_loop()), Silence())
    for number in range(1, 7):
        recorder.fault(fault(number))
    recorder.fault(fault(7, ended=False))
    recorder.fault(fault(8, accepted=False))
    assert not looking.enough()
    assert not looking.disturbed()
    recorder.fault(fault(7))
    assert looking.enough()
    assert looking.disturbed()
    assert looking.enough()  # and it stays so
    assert not looking.disturbed()
    recorder.close()


async def test_without_a_precision_nothing_is_looked_at(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, RunMeta("x", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    looking = Looks(Options(), recorder, RunClock(asyncio.get_running_loop()), Silence())
    for number in range(1, 9):
        recorder.fault(fault(number))
    assert not looking.enough()
    assert not looking.disturbed()
    recorder.close()
