"""What came of one experiment, and of many."""

from __future__ import annotations

import statistics
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.seeded_experiments.drawing import MOST_SAMPLES, Drawn, draw
from benchmarks.seeded_experiments.intervals import Claim, Intervals
from benchmarks.seeded_experiments.oracle import Judgement, Oracle
from benchmarks.seeded_experiments.parts import PartClaims
from benchmarks.seeded_experiments.rendered import strange
from benchmarks.seeded_experiments.running import run
from benchmarks.seeded_experiments.scenes import scenes
from benchmarks.seeded_experiments.series import SeriesClaims
from benchmarks.seeded_experiments.world import World
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.errors import SteadyStateError
from chaos.model import Verdict, VerdictOutcome
from tests.sandboxed import Ran

# The yield that is promised: at most that much loss and that period, and the share of checks that must be decided.
LITTLE_LOSS, SHORT_PERIOD_S = 0.01, 0.1


@dataclass
class Done:
    """What came of one experiment.

    Attributes:
        intervals: claims of each kind.
        verdicts: (check, outcome, what is true) → how often.
        violations: each in a line.
        judged, decided: checks that could be judged, and those of them that are `ok` or `fail`.
        undecided: why the others are not.
        named: of each outage whose cause should be named, whether it was.
        widths: (width - round trip) / period of each interval, where its width says something about sampling.
    """

    drawn: Drawn
    samples: int = 0
    cpu_s: float = 0.0
    intervals: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    judged: int = 0
    decided: int = 0
    undecided: list[str] = field(default_factory=list)
    named: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    @property
    def short(self) -> bool:
        """Whether it is sampled at a period for which a yield is promised."""
        return max(self.drawn.period_s, self.drawn.connect_period_s) <= SHORT_PERIOD_S


def experiment(seed: int, *, rendered: bool = False) -> Done:
    """Run the experiment of a seed and compare what is reported with what happened.

    Args:
        seed: see `draw`.
        rendered: make a whole report of it too.
    """
    done, began_s = Done(draw(seed)), time.process_time()
    try:
        reading = _compare(done)
        done.violations += strange(reading) if rendered else ()
    except Exception as exc:  # noqa: BLE001 - the others are to run all the same
        where = traceback.extract_tb(exc.__traceback__)[-1]
        done.violations.append(f"raised {type(exc).__name__}: {exc} ({where.filename}:{where.lineno})")
    done.cpu_s = time.process_time() - began_s
    return done


def _compare(done: Done) -> Reading:
    drawn = done.drawn
    ran, commits = run(drawn)
    if ran.result.error is not None and not isinstance(ran.result.error, SteadyStateError):
        done.violations.append(f"ended with {ran.result.error!r}")
    done.violations += [f"left behind: {left}" for left in ran.result.leftovers]
    done.samples = ran.history.recorded()["samples"]
    if done.samples > MOST_SAMPLES:
        done.violations.append(f"took {done.samples} samples")
    world = World(ran, commits)
    found = scenes(world, ran.history)
    lossy = drawn.loss > 0
    for claim in _claims(world, ran, found, lossy=lossy):
        _count(done, claim)
    done.named = list(PartClaims(world, ran.history, found).named())
    resolution_s = 2 * drawn.period_s + drawn.round_trip_s
    asked_s = 2 * drawn.connect_period_s + drawn.round_trip_s
    oracle = Oracle(world, ran.history, found, resolution_s, asked_s)
    reading = Reading(ran.history)
    for verdict in judge(reading, ran.history.meta.parameters["checkers"]):
        weigh(done, verdict, oracle.judge(verdict.checker))
    return reading


def _claims(world: World, ran: Ran, found: list, *, lossy: bool) -> Iterator[Claim]:  # type: ignore[type-arg]
    yield from Intervals(world, ran.history, found).claims()
    yield from SeriesClaims(world, ran.history, found, lossy=lossy).claims()
    yield from PartClaims(world, ran.history, found).claims()


def _count(done: Done, claim: Claim) -> None:
    done.intervals[claim.kind] += 1
    if not claim.holds:
        done.violations.append(f"{claim.kind}: {claim.what}: {claim.interval} does not hold the truth: {claim.truth}")
    if claim.width_s is not None and claim.period_s:
        done.widths.append((claim.width_s - done.drawn.round_trip_s) / claim.period_s)


def weigh(done: Done, verdict: Verdict, truth: Judgement) -> None:
    """Compare a verdict with what is true, and count it."""
    known = {True: "true", False: "false", None: "cannot be judged"}[truth.true]
    done.verdicts[verdict.checker, str(verdict.outcome), known] += 1
    if truth.contradicts(verdict.outcome):
        near = " (near)" if truth.near else ""
        done.violations.append(
            f"{verdict.checker} is {verdict.outcome}{near}, but: {truth.why}; {verdict.summary[:300]}"
        )
    if truth.true is not None and not truth.near:
        done.judged += 1
        if verdict.outcome is VerdictOutcome.UNKNOWN:
            done.undecided.append(f"{verdict.checker}: {verdict.summary[:200]}")
        else:
            done.decided += 1


@dataclass
class Total:
    """What came of many, as counts."""

    done: int = 0
    samples: int = 0
    most_samples: int = 0
    cpu_s: float = 0.0
    drawn: Counter[tuple[str, str]] = field(default_factory=Counter)
    intervals: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    named: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, one: Done) -> None:
        """Count one more."""
        drawn = one.drawn
        self.done += 1
        self.samples += one.samples
        self.most_samples = max(self.most_samples, one.samples)
        self.cpu_s += one.cpu_s
        self.drawn.update(
            {
                ("fault", drawn.kind): 1,
                ("replicas", str(drawn.replicas)): 1,
                ("loss", f"{drawn.loss:.1%}"): 1,
                ("period", f"{drawn.period_s:g} s"): 1,
                ("cache of", drawn.cache): 1,
                ("agents", str(drawn.vantages)): 1,
            }
        )
        self.intervals.update(one.intervals)
        self.verdicts.update(one.verdicts)
        self.violations += [f"{drawn}: {violation}" for violation in one.violations]
        group = group_of(one)
        self.undecided += [f"[{group}] {drawn}: {line}" for line in one.undecided]
        self.judged[group] += one.judged
        self.decided[group] += one.decided
        self.named += one.named
        self.widths += one.widths

    @property
    def width(self) -> float:
        """Median of (width - round trip) / period."""
        return statistics.median(self.widths) if self.widths else 0.0


WELL, LOSSY, SLOW = "loss ≤ 1 %, period ≤ 100 ms", "loss 5 %, period ≤ 100 ms", "period > 100 ms"
PROMISED = {WELL: 0.98, LOSSY: 0.80}
PROMISED_WIDTH = 2.0
PROMISED_NAMED = 0.9


def group_of(one: Done) -> str:
    """For which a yield is promised, or none."""
    if not one.short:
        return SLOW
    return WELL if one.drawn.loss <= LITTLE_LOSS else LOSSY
