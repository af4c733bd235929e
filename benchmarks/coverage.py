"""Ground truth: over many sandbox trials on random clusters, does the truth lie in every reported interval?"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.analysis.recovery import recoveries
from chaos.experiment import Options
from tests.sandboxed import Ran, claims, random_delays, run_sandboxed
from tests.test_ground_truth import deletions_only

TRIALS_A_RUN = 10
# "a model latency of 1 ms" for a whole question and answer
LATENCY_1_MS = {"dns_one_way": (0.0005, 0.0005), "dns_processing": (0.0, 0.0)}


@dataclass(frozen=True, slots=True)
class Coverage:
    trials: int
    intervals: int
    missed: int


def coverage(trials: int) -> Coverage:
    """Run that many trials, ten on each of a number of random clusters."""
    intervals = missed = done = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(trials // TRIALS_A_RUN):
            options = Options(trials=TRIALS_A_RUN, grace_s=1, period_s=0.01, max_qps=None, within_s=120)
            delays = random_delays(seed)
            ran = run_sandboxed(Path(folder), options, seed=seed, overrides=delays, experiment=deletions_only())
            if ran.result.error is not None:
                raise ran.result.error
            made = list(claims(ran))
            done += len(ran.history.faults)
            intervals += len(made)
            missed += sum(not claim.holds for claim in made)
    return Coverage(done, intervals, missed)


def sandbox_width_ms() -> float:
    """Median width of all recoveries with `--period 10ms` and a latency of 1 ms."""
    with tempfile.TemporaryDirectory() as folder:
        options = Options(trials=9, grace_s=1, period_s=0.01, max_qps=None)
        ran = run_sandboxed(Path(folder), options, overrides=LATENCY_1_MS, experiment=deletions_only())
    return statistics.median(widths_ms(ran))


def widths_ms(ran: Ran) -> list[float]:
    """Of every interval of a recovery of a forward record."""
    intervals = [r.recovered for r in recoveries(Reading(ran.history)) if not r.record.startswith("PTR")]
    return [i.width_ns / 1e6 for i in intervals if i is not None and i.width_ns is not None]
