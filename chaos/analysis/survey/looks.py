"""`--until-precision`: when enough faults were injected.

Who looks after every fault and stops as soon as the interval is narrow stops, too often, where it is narrow by luck and
wrong. So a run looks only after the numbers of faults that its plan names, and each look's interval is one for 2.5 %
instead of 5 %. In the worst case a run stops whenever the interval misses the median. Then it is wrong if it misses at
any look, and with durations on a known side of the median the chance of that is that of a symmetric random walk to
leave the sign test's bounds: it is computed exactly, and a plan is one where it is at most 5 % (repeated significance
tests: P. Armitage, C. K. McPherson and B. C. Rowe, JRSS A 132, 1969, 235-244). So the interval holds for any rule of
stopping at these looks, also "the precision is reached". With wide or cut-off durations it is as approximate as
`median_interval`, and simulated.

The numbers are those whose sign test misses in 1.5 to 2 %. At others the next whole count is either dearer, or cheaper
than it need be, which makes the interval wider. The first is 7, the last is near the most that are allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from itertools import combinations, pairwise
from math import comb, inf, log

import numpy as np

from chaos.analysis.survey.median import LEVEL, median_interval
from chaos.analysis.survey.sign_test import missed, rank
from chaos.model import Interval

LOOK_LEVEL = 0.025
_WASTED = 0.015  # a look whose sign test misses less often has too wide an interval …
_DEAR = 0.02  # … and one that misses more often leaves too little of the 5 % to the others
_NEAR_THE_END = 0.9  # of the most that are allowed: the last look may be a little before it
_ENDS = 5  # numbers to end at that are tried
_TRIES = 60  # the most even ones; where none of them keeps the 5 %, fewer looks do
_DENSE, _RATIO = 60, 1.1  # above so many faults not every number is worth a try, only one in each such ratio
_BETWEEN = 2  # looks between the first and the last: with more, each would need a level that the last one suffers from


@dataclass(frozen=True, slots=True)
class Plan:
    """After which numbers of faults a run looks, and how often it misses the median in the worst case."""

    looks: tuple[int, ...]
    worst: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What a look found.

    Attributes:
        n: durations so far.
        stop: the interval is narrow enough, or this was the last look.
        reached: it is narrow enough.
        interval: for the median, at the plan's level; None below 7 durations.
        half_width: of the interval, relative to its middle; infinite without an upper bound.
    """

    n: int
    stop: bool
    reached: bool
    interval: Interval | None
    half_width: float


def decide(durations: Sequence[Interval], precision: float, schedule: Plan) -> Decision:
    """Whether a run with these durations so far, in the order of the faults, should stop.

    Ask it after each fault whose duration is known, and inject no more once it says stop. The interval of the look at
    which it stopped is the one to report; a run that ended for another reason reports `interval` of all it has, which
    may be at no look.

    Args:
        durations: one a fault.
        precision: the relative half-width to reach, such as 0.1.
        schedule: of the run.
    """
    n = len(durations)
    interval = median_interval(durations, LOOK_LEVEL)
    half_width = inf if interval is None else relative_half_width(interval)
    reached = n in schedule.looks and half_width <= precision
    return Decision(n, reached or n >= max(schedule.looks, default=0), reached, interval, half_width)


def relative_half_width(interval: Interval) -> float:
    """Half the width by the middle: 0.1 where the bounds are 10 % below and above it. Infinite without an end or at
    zero.
    """
    if interval.before_ns is None or interval.after_ns + interval.before_ns <= 0:
        return inf
    return (interval.before_ns - interval.after_ns) / (interval.before_ns + interval.after_ns)


@lru_cache
def plan(max_trials: int) -> Plan:
    """Up to four looks, the last near `max_trials`, in ratios as equal as the 5 % allow; none where less than 7 faults
    are.

    For 60 they are 7, 22, 35 and 57.
    """
    allowed = [n for n in range(1, max_trials + 1) if _WASTED <= missed(n, rank(n, LOOK_LEVEL)) <= _DEAR]
    if not allowed:
        return Plan((), 0.0)
    inner, ends = _thinned(allowed[1:]), [n for n in allowed if n >= _NEAR_THE_END * allowed[-1]][-_ENDS:]
    for between in range(_BETWEEN, -1, -1):
        choices = [
            (*chosen, end) for chosen in combinations(inner, between) for end in ends if not chosen or chosen[-1] < end
        ]
        for chosen in nsmallest(_TRIES, choices, key=lambda c: _unevenness((allowed[0], *c))):
            looks = tuple(sorted({allowed[0], *chosen}))
            if (worst := worst_case(looks)) <= LEVEL:
                return Plan(looks, worst)
    raise AssertionError("two looks at 2 % miss in 4 % at most")


def worst_case(looks: Sequence[int]) -> float:
    """How often the sign test's interval at 2.5 % misses the median at one look at least."""
    chance, n, missing = np.ones(1), 0, 0.0  # chance: of each count below the median, no look having missed it
    for look in looks:
        chance = np.convolve(chance, [comb(look - n, k) / 2 ** (look - n) for k in range(look - n + 1)])
        n, r = look, rank(look, LOOK_LEVEL)
        inside = chance.copy()
        inside[:r] = inside[n - r + 1 :] = 0.0
        missing += float(chance.sum() - inside.sum())
        chance = inside
    return missing


def _thinned(numbers: Sequence[int]) -> list[int]:
    """Few enough to try all pairs."""
    kept: list[int] = []
    for number in numbers:
        if not kept or number <= _DENSE or number >= _RATIO * kept[-1]:
            kept.append(number)
    return kept


def _unevenness(looks: Sequence[int]) -> float:
    return sum(log(b / a) ** 2 for a, b in pairwise(looks))
