"""How often nominal 95 % intervals for the median over faults hold the true one; exit code 1 where that is not 93 to
98.5 %.

`python -m benchmarks.fault_statistics` simulates 2,000 experiments for each cell of two tables: a fixed number of
faults, and `--until-precision 10% --max-trials 60`. A cell outside is simulated again with
20,000, which decide. `--compare` adds the methods that are not used.

A simulated fault has a true duration. It is sampled with a period, whose phase is its own, so it is known as an
interval of that width. The width is given relative to the spread of the durations: the distance between their
quartiles. Up to 30 % are cut off: at a common limit that 30 % exceed, or each at its own random one. Where all faults
of an experiment share one phase, no method can tell where between two looks the median is, and the interval covers more
often than 98.5 %; there only 93 % are asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent))

from chaos.analysis.survey.likelihood import Floats, maximise
from chaos.analysis.survey.looks import LOOK_LEVEL, plan
from chaos.analysis.survey.median import LEVEL
from chaos.analysis.survey.ratio import accepts, median_bounds
from chaos.analysis.survey.sign_test import rank

LEAST, MOST = 0.93, 0.985
AGAIN = 10  # times as many experiments decide of a cell that is outside, since 2,000 scatter by 0.3 points at 98.5 %
SIZES = (6, 20, 60)
WIDTHS = (0.01, 0.3, 1.0)
CUTS = ("no", "limit", "random")
CUT_SHARE = 0.3
PRECISION, MAX_TRIALS = 0.10, 60
_EVEN = 0.5
_REFERENCE = 200_000
_RESAMPLES = 200
_BATCH = 500

Generator = np.random.Generator
Draw = Callable[[Generator, tuple[int, int]], Floats]


@dataclass(frozen=True, slots=True)
class Truth:
    """A distribution of durations in seconds, and its median."""

    draw: Draw
    median: float


def _lognormal(sigma: float) -> Truth:
    return Truth(lambda rng, shape: np.exp(sigma * rng.standard_normal(shape)), 1.0)


def _constant_and_exponential(mean: float) -> Truth:
    return Truth(lambda rng, shape: 1 + rng.exponential(mean, shape), 1 + mean * float(np.log(2)))


def _two_modes(slow: float, sd: float) -> Truth:
    """Around 1 s, and a share around 3 s: such as a node that has the image, and one that has not."""

    def draw(rng: Generator, shape: tuple[int, int]) -> Floats:
        return np.where(rng.random(shape) < slow, 3.0, 1.0) * (1 + sd * rng.standard_normal(shape))

    fast = NormalDist(1, sd)
    return Truth(draw, fast.inv_cdf(_EVEN / (1 - slow)) if slow < _EVEN else 2.0)  # halves: anything between them


def _uniform(width: float) -> Truth:
    return Truth(lambda rng, shape: 1 + width * rng.random(shape), 1 + width / 2)


def _weibull(shape_parameter: float) -> Truth:
    median = float(np.log(2)) ** (1 / shape_parameter)
    return Truth(lambda rng, shape: rng.weibull(shape_parameter, shape), median)


CALIBRATED = {
    "lognormal, sigma 0.5": _lognormal(0.5),
    "60 % 1 s, 40 % 3 s, each ± 10 %": _two_modes(0.4, 0.1),
    "uniform 1 to 2 s": _uniform(1.0),
    "1 s + exponential 1 s": _constant_and_exponential(1.0),
}
HELD_OUT = {  # not looked at while the threshold was calibrated
    "lognormal, sigma 1": _lognormal(1.0),
    "70 % 1 s, 30 % 3 s, each ± 20 %": _two_modes(0.3, 0.2),
    "Weibull, shape 2": _weibull(2.0),
}
TRUTHS = CALIBRATED | HELD_OUT
COMPARED = ("lognormal, sigma 0.5",)
STOPPED = {
    "lognormal, sigma 0.08": _lognormal(0.08),
    "lognormal, sigma 0.2": _lognormal(0.2),
    "lognormal, sigma 0.5": _lognormal(0.5),
    "60 % 1 s, 40 % 3 s, each ± 10 %": _two_modes(0.4, 0.1),
    "half 1 s, half 3 s, each ± 1 %": _two_modes(0.5, 0.01),
    "uniform 1 to 1.6 s": _uniform(0.6),
    "1 s + exponential 0.3 s": _constant_and_exponential(0.3),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of experiment; n is 0 where it ends by its precision."""

    truth: str
    n: int
    width: float
    cut: str
    phase: str = "own"

    @property
    def of(self) -> Truth:
        return TRUTHS[self.truth] if self.n else STOPPED[self.truth]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The shares of experiments whose interval held the median, and with stopping the mean number of faults."""

    cell: Cell
    held: float
    faults: float
    others: dict[str, float]


@lru_cache
def _reference(truth: Truth) -> tuple[float, float, float]:
    """Spread, common limit, and the longest of the uniform random limits, such that 30 % are cut off."""
    drawn = truth.draw(np.random.default_rng(7), (1, _REFERENCE))[0]
    lower, upper, limit = np.quantile(drawn, (0.25, 0.75, 1 - CUT_SHARE))
    limits = np.random.default_rng(8).random(_REFERENCE)
    small, large = 0.01, 1000.0
    while large / small > 1.0001:  # noqa: PLR2004 - precise enough
        tried = float(np.sqrt(small * large))
        small, large = (tried, large) if np.mean(drawn > tried * limits) > CUT_SHARE else (small, tried)
    return float(upper - lower), float(limit), large


def observe(rng: Generator, cell: Cell, n: int, experiments: int) -> tuple[Floats, Floats]:
    """Lower and upper bounds (experiments, n) of what a prober with that period sees."""
    spread, limit, longest = _reference(cell.of)
    true = cell.of.draw(rng, (experiments, n))
    period = cell.width * spread
    phase = period * rng.random(true.shape if cell.phase == "own" else (experiments, 1))
    before = np.floor((true - phase) / period)
    least, most = np.maximum(0.0, phase + before * period), phase + (before + 1) * period
    if cell.cut == "no":
        return least, most
    end = np.full(true.shape, limit) if cell.cut == "limit" else longest * rng.random(true.shape)
    beyond = true > end
    return np.where(beyond, np.minimum(least, end), least), np.where(beyond, np.inf, np.minimum(most, end))


def fixed(cell: Cell, experiments: int, seed: int, *, compare: bool = False) -> Coverage:
    """Experiments of n faults."""
    rng = np.random.default_rng([seed, *repr(cell).encode()])
    held, others = 0, {"order statistics": 0, "bootstrap": 0}
    for _ in range(0, experiments, _BATCH):
        least, most = observe(rng, cell, cell.n, min(_BATCH, experiments))
        median = np.full(len(least), cell.of.median)
        held += int(accepts(least, most, median, LEVEL).sum())
        if compare:
            others["order statistics"] += int(_outer(least, most, cell.of.median).sum())
            others["bootstrap"] += int(_bootstrapped(rng, least, most, cell.of.median).sum())
    return Coverage(
        cell, held / experiments, cell.n, {k: v / experiments for k, v in others.items()} if compare else {}
    )


def until(cell: Cell, experiments: int, seed: int) -> Coverage:
    """Experiments that look where the plan says, and stop once the interval is narrow enough."""
    rng = np.random.default_rng([seed, *repr(cell).encode()])
    looks = plan(MAX_TRIALS).looks
    median = cell.of.median
    held = faults = 0
    for _ in range(0, experiments, _BATCH):
        least, most = observe(rng, cell, looks[-1], min(_BATCH, experiments))
        for n in looks[:-1]:
            low, high = median_bounds(least[:, :n], most[:, :n], LOOK_LEVEL)
            stopped = np.isfinite(high)
            stopped[stopped] = (high - low)[stopped] <= PRECISION * (high + low)[stopped]
            held += int(((low <= median) & (median <= high))[stopped].sum())
            faults += n * int(stopped.sum())
            least, most = least[~stopped], most[~stopped]
            if not len(least):
                break
        else:
            held += int(accepts(least, most, np.full(len(least), median), LOOK_LEVEL).sum())
            faults += looks[-1] * len(least)
    return Coverage(cell, held / experiments, faults / experiments, {})


def _outer(least: Floats, most: Floats, median: float) -> npt.NDArray[np.bool_]:
    """Whether `outer_median_interval` holds it."""
    n = least.shape[1]
    r = rank(n, LEVEL)
    held: npt.NDArray[np.bool_] = (np.sort(least)[:, r - 1] <= median) & (median <= np.sort(most)[:, n - r])
    return held


def _bootstrapped(rng: Generator, least: Floats, most: Floats, median: float) -> npt.NDArray[np.bool_]:
    """Whether the percentile bootstrap of the estimate's median holds it, each resample's median with all its width."""
    lows, highs = [], []
    for _ in range(_RESAMPLES):
        chosen = rng.integers(0, least.shape[1], least.shape)
        fit = maximise(np.take_along_axis(least, chosen, 1), np.take_along_axis(most, chosen, 1), tolerance=0.1)
        at = np.argmax(np.cumsum(fit.mass, axis=1) >= _EVEN - 1e-6, axis=1)[:, None]
        lows.append(np.take_along_axis(fit.low, at, 1)[:, 0])
        highs.append(np.take_along_axis(fit.high, at, 1)[:, 0])
    lowest = np.quantile(lows, LEVEL / 2, axis=0, method="inverted_cdf")
    highest = np.quantile(highs, 1 - LEVEL / 2, axis=0, method="inverted_cdf")
    held: npt.NDArray[np.bool_] = (lowest <= median) & (median <= highest)
    return held


def _outside(found: Coverage) -> bool:
    return not LEAST <= found.held <= (MOST if found.cell.phase == "own" else 1.0)


def _again(found: Coverage, experiments: int, seed: int) -> Coverage:
    """The same cell with more, and other, experiments."""
    more = measure([found.cell] * AGAIN, experiments, range(seed + 1, seed + 1 + AGAIN))
    return Coverage(found.cell, float(np.mean([m.held for m in more])), found.faults, {"at first": found.held})


def measure(cells: list[Cell], experiments: int, seeds: Sequence[int], *, compare: bool = False) -> Iterator[Coverage]:
    """Each cell's coverage, with its seed, on two processors."""
    with ProcessPoolExecutor(2) as pool:
        waiting = [
            pool.submit(fixed, cell, experiments, seed, compare=compare)
            if cell.n
            else pool.submit(until, cell, experiments, seed)
            for cell, seed in zip(cells, seeds, strict=True)
        ]
        for one in waiting:
            yield one.result()


def cells() -> list[Cell]:
    """Those of both tables."""
    known = [Cell(t, n, w, c) for t, c, w, n in product(TRUTHS, CUTS, WIDTHS, SIZES)]
    aligned = [Cell(t, n, w, "no", "common") for t, w, n in product(CALIBRATED, WIDTHS[1:], SIZES)]
    return known + aligned + [Cell(t, 0, w, c) for t, c, w in product(STOPPED, ("no", "limit"), WIDTHS)]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=2000, help="for each cell, a multiple of 500")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare", action="store_true", help="the methods that are not used, on some cells")
    asked = parser.parse_args()
    chosen = cells()
    if asked.compare:
        chosen = [c for c in chosen if c.n and c.truth in COMPARED and c.cut == "no" and c.width in {0.01, 1.0}]
    outside = 0
    for first in measure(chosen, asked.experiments, [asked.seed] * len(chosen), compare=asked.compare):
        found = _again(first, asked.experiments, asked.seed) if _outside(first) else first
        cell = found.cell
        faults = f"{cell.n} faults" if cell.n else f"until ± 10 %, {found.faults:.1f} faults"
        wrong = _outside(found)
        outside += wrong
        others = "".join(f" | {name} {share:.1%}" for name, share in found.others.items())
        print(
            f"{cell.truth} | cut off: {cell.cut} | width {cell.width:.0%}, phase {cell.phase} | {faults}"
            f" | {found.held:.1%}{others}"
            f"{' | OUTSIDE' if wrong else ''}",
            flush=True,
        )
    print(f"{len(chosen) - outside} of {len(chosen)} cells within {LEAST:.1%} to {MOST:.1%}")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
