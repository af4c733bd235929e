"""Runs experiments on the sandbox inside this process, with its truth at hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import kubesim
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.stages import timelines
from chaos.cluster.address import ClusterAddress
from chaos.engine.execution import Execution, RunResult
from chaos.engine.place import Place
from chaos.engine.progress import Progress, Silence
from chaos.experiment import Experiment, Options, find_experiment
from chaos.model import History, Interval
from kubesim import Truth, VirtualTimeLoop


@dataclass(slots=True)
class Ran:
    """A run and what really happened in it. `zero_s` is the run clock's 0 on the truth's clock."""

    result: RunResult
    truth: Truth
    zero_s: float

    @property
    def history(self) -> History:
        return self.result.history

    def ns(self, at_s: float) -> int:
        """An instant of the truth on the run's clock."""
        return round((at_s - self.zero_s) * 1e9)


async def run_on(
    sandbox: kubesim.Cluster,
    reports: Path,
    options: Options,
    experiment: Experiment | None = None,
    progress: Progress | None = None,
    *,
    realtime: bool = False,
    kind: type[Execution] = Execution,
    mirror: bool = False,
) -> Ran:
    """Run an experiment on a sandbox that is up; with a mirror of its journal only where that is asked for."""
    address = ClusterAddress(url=sandbox.url, connector=None if realtime else sandbox.connector())
    place = Place(address, sandbox.vantage, "sandbox", simulated=True, virtual_time=not realtime, seed=1)
    execution = kind(
        experiment or find_experiment("identity-persistence"),
        replace(options, local_journal_only=not mirror),
        place,
        reports,
        progress or Silence(),
        lambda _folder, _history: None,
    )
    result = await execution.run()
    if (failure := sandbox.failure()) is not None:
        raise failure
    return Ran(result, sandbox.truth, execution._clock.zero_s)  # in real time another look comes milliseconds later


def run_sandboxed(
    reports: Path,
    options: Options,
    *,
    seed: int = 1,
    overrides: dict[str, tuple[float, float]] | None = None,
    experiment: Experiment | None = None,
    realtime: bool = False,
    kind: type[Execution] = Execution,
) -> Ran:
    """The same with a sandbox of its own, in virtual time unless asked otherwise."""

    async def main() -> Ran:
        async with kubesim.Cluster(seed=seed, overrides=overrides, realtime=realtime) as sandbox:
            return await run_on(sandbox, reports, options, experiment, realtime=realtime, kind=kind)

    with asyncio.Runner(loop_factory=None if realtime else VirtualTimeLoop) as runner:
        return runner.run(main())


def random_delays(seed: int) -> dict[str, tuple[float, float]]:
    """Another cluster: every delay of the model slower or faster by a factor between a fifth and five."""
    rng = random.Random(f"delays/{seed}")

    scaled = {}
    for delay in sorted(kubesim.DELAYS, key=lambda one: one.name):
        if delay.unit == "s":
            factor = 5 ** rng.uniform(-1, 1)
            scaled[delay.name] = (delay.low_s * factor, delay.high_s * factor)
    return scaled


@dataclass(frozen=True, slots=True)
class Claim:
    """One interval that a run reported, and the instant that really was."""

    what: str
    interval: Interval
    truth_ns: int

    @property
    def holds(self) -> bool:
        return self.interval.covers(self.truth_ns)


def claims(ran: Ran) -> Iterator[Claim]:
    """Every claim about an instant that the truth knows: A records lost and back, and the old container's end."""
    governing = f"{ran.history.meta.target['service']}.{ran.history.meta.target['namespace']}.svc.cluster.local"
    measured = recoveries(Reading(ran.history))
    for recovery in measured:
        if recovery.record.startswith("A "):
            yield from _record_claims(ran, recovery, governing)
    for timeline in timelines(Reading(ran.history)):
        target = timeline.trial.target
        for boundary in timeline.boundaries:
            if boundary.key == "old-stopped" and boundary.interval is not None:
                ended = [f.at_s for f in ran.truth.of("serving", target.name, target.address) if not f.value]
                yield Claim(f"{target.name} stops serving", boundary.interval, ran.ns(ended[-1]))


def _record_claims(ran: Ran, recovery: Recovery, governing: str) -> Iterator[Claim]:
    trial = recovery.trial
    label = recovery.record.removeprefix("A ").split(".")[0]
    name = governing if label == ran.history.meta.target["service"] else f"{label}.{governing}"
    views = (
        [v for v in ran.history.meta.environment["dns_views"] if v != "service"]
        if recovery.view == "service"
        else [recovery.view]
    )
    lost, back = [], []
    for view in views:
        facts = [f for f in ran.truth.of("dns", name, view, "A") if ran.ns(f.at_s) >= trial.sent_ns]
        facts = [f for f in facts if ran.ns(f.at_s) <= trial.end_ns]
        lost += [ran.ns(f.at_s) for f in facts if trial.target.address not in f.value][:1]
        back += [
            ran.ns(f.at_s) for f in facts if trial.life.new_address in f.value and trial.target.address not in f.value
        ][:1]
    what = f"trial {trial.number} {recovery.record} @ {recovery.view}"
    if recovery.lost is not None and lost:
        yield Claim(f"{what} lost", recovery.lost, min(lost))
    if recovery.recovered is not None and back:
        yield Claim(f"{what} recovered", recovery.recovered, min(back))
