"""The likelihood ratio of a supposed median, for many samples at a time.

How much less likely than the best may a supposed median m be? Where all durations are on a known side of m, twice the
log-ratio is nearly chi-squared with one degree of freedom, and at least what the sign test's last count gives makes it
exact. Where none is, its limit is M. Banerjee and J. A. Wellner's (Annals of Statistics 29, 2001, 1699-1731), whose 95
% point is 2.27 instead of 3.84. In between lies a family of limits (R. Tang, M. Banerjee and M. R. Kosorok, Annals of
Statistics 40, 2012, 45-72). `threshold` goes from the one to the other by the share of durations that straddle m. How
fast it goes, and how much a duration counts that was cut off before m, was calibrated by simulation and has no proof;
docs/measured.md has what it covers, also for distributions that the calibration did not see.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from statistics import NormalDist

import numpy as np

from chaos.analysis.survey.likelihood import Flags, Floats, Ints, maximise
from chaos.analysis.survey.sign_test import log_ratio, rank

_TOLERANCE = 0.01  # of each log-likelihood; twice that of both together is given to the median
_COARSE = 0.6  # 2.27 of 3.84; at other levels the two limits' points have nearly the same ratio
_FEW = 8  # up to so many durations the sign test's counts are the only guide; beyond them the coarse limit is neared
_STRADDLING = 2  # half of the durations straddling make it as coarse as all
_CUT_OFF = 3  # so many durations that were cut off before m count as one less
_HALF = 0.5


def median_bounds(least: Floats, most: Floats, level: float) -> tuple[Floats, Floats]:
    """The interval of the medians that are accepted, for b samples of n intervals: bounds (b,), the upper one may be
    infinite.

    One median is tried between each two neighbours of the 2n bounds, by bisection on both sides of the estimate's own,
    which is always accepted. Those before and after all bounds are not, since n is large enough for the level. Where
    one is refused and one further out accepted, which few and mostly cut off durations can bring about, the interval
    ends too soon: see `outermost`.
    """
    free = maximise(least, most, tolerance=_TOLERANCE)
    values = np.sort(np.concatenate([least, most], axis=1), axis=1)
    rows = np.arange(len(least))
    crossing = np.argmax(np.cumsum(free.mass, axis=1) >= _HALF, axis=1)
    own = free.position[rows, crossing]

    def accepted(gap: Ints, asked: Ints) -> Flags:
        low, high = values[asked, gap], values[asked, gap + 1]
        median = np.where(np.isinf(high), low + 1.0, (low + np.where(np.isinf(high), low, high)) / 2)
        ratio = 2 * (free.log_likelihood[asked] - _restricted(least[asked], most[asked], median))
        return ratio <= threshold(least[asked], most[asked], median, level)

    last = np.minimum(np.isfinite(values).sum(axis=1), values.shape[1] - 1)
    lower = _furthest(own, np.full_like(own, -1), accepted)
    upper = _furthest(own, last, accepted)
    return values[rows, lower], values[rows, upper + 1]


def outermost(least: Floats, most: Floats, level: float) -> tuple[float, float]:
    """The interval that holds all accepted medians, for one sample (1, n): each gap between bounds is tried.

    Ties leave gaps without width, and where all is a tie nothing but it: (inf, -inf) then.
    """
    values = np.sort(np.concatenate([least, most], axis=1), axis=1)[0]
    low, high = values[:-1], values[1:]
    tried = np.flatnonzero(np.isfinite(low))
    low, high = low[tried], high[tried]
    median = np.where(np.isinf(high), low + 1.0, (low + np.where(np.isinf(high), low, high)) / 2)
    held = np.flatnonzero(accepts(np.repeat(least, len(tried), 0), np.repeat(most, len(tried), 0), median, level))
    return (float(low[held[0]]), float(high[held[-1]])) if len(held) else (inf, -inf)


def accepts(least: Floats, most: Floats, median: Floats, level: float) -> Flags:
    """Whether the interval of each sample holds that median, without computing it."""
    free = maximise(least, most, tolerance=_TOLERANCE).log_likelihood
    return 2 * (free - _restricted(least, most, median)) <= threshold(least, most, median, level)


def threshold(least: Floats, most: Floats, median: Floats, level: float) -> Floats:
    """(b,): the most that twice the log-ratio of these medians may be."""
    n = least.shape[1]
    below = least < median[:, None]
    straddling = (below & (median[:, None] < most) & np.isfinite(most)).mean(axis=1)
    cut_off = (below & np.isinf(most)).sum(axis=1)
    fine = np.array([_fine(count, level) for count in range(n + 1)])[n - cut_off // _CUT_OFF]
    coarse = _coarse(n, level)
    limit: Floats = fine - (fine - coarse) * np.minimum(1.0, _STRADDLING * straddling) + 2 * _TOLERANCE
    return limit


@lru_cache(maxsize=4096)
def _fine(n: int, level: float) -> float:
    """Where each duration is on a known side: chi-squared's point, but such that the sign test's counts decide."""
    if n == 0:
        return inf
    r = rank(n, level)
    accepted, refused = log_ratio(n, r), log_ratio(n, r - 1) if r else inf
    return min(max(_chi_squared(level), accepted), (accepted + refused) / 2)


def _coarse(n: int, level: float) -> float:
    """Where hardly any is: on the way to the coarse limit; of few durations the least with which the sign test is
    exact.
    """
    if n <= _FEW:
        return min(_chi_squared(level), log_ratio(n, rank(n, level)))
    return _chi_squared(level) * (_COARSE + (1 - _COARSE) * float(np.cbrt(_FEW / n)) ** 2)


def _chi_squared(level: float) -> float:
    return NormalDist().inv_cdf(1 - level / 2) ** 2


def _restricted(least: Floats, most: Floats, median: Floats) -> Floats:
    return maximise(least, most, median, tolerance=_TOLERANCE).log_likelihood


def _furthest(accepted_gap: Ints, refused_gap: Ints, accepted: Callable[[Ints, Ints], Flags]) -> Ints:
    """The last accepted gap on the way from an accepted to a refused one, of each sample."""
    inside, outside = accepted_gap.copy(), refused_gap.copy()
    while (open_rows := np.flatnonzero(np.abs(outside - inside) > 1)).size:
        tried = (inside[open_rows] + outside[open_rows]) // 2
        held = accepted(tried, open_rows)
        inside[open_rows[held]] = tried[held]
        outside[open_rows[~held]] = tried[~held]
    return inside
