"""An interval for the median of all faults of a kind, from those of n of them.

Three methods were measured (docs/measured.md, "Durations over faults"):

- A bootstrap over faults, percentiles of the estimate's median. At 6 faults it misses the median twice as often as it
  says: the medians of resamples reach the smallest and the largest of six too rarely. It is not used.
- The sign test's order statistics, with lower bounds below and upper bounds above: `outer_median_interval`. It holds
  whatever decided when the looks were made and which faults were cut off. Where the sampling is coarse it is far wider
  than it need be.
- The likelihood ratio of the estimate: `median_interval`. A value m is in it where the best distribution with median m
  is not much less likely than the best of all. With exact durations it *is* the sign test's interval; with
  right-censored ones it is D. R. Thomas and G. L. Grunkemeier's (JASA 70, 1975, 865-871); with intervals M. Banerjee
  and J. A. Wellner's (Annals of Statistics 29, 2001, 1699-1731). It takes for granted what the estimate does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from chaos.analysis.durations import kth
from chaos.analysis.survey.ratio import median_bounds, outermost
from chaos.analysis.survey.sample import sample
from chaos.analysis.survey.sign_test import rank
from chaos.model import Interval

LEVEL = 0.05
_ALL_TRIED = 60  # up to so many durations every median is tried: a tenth of a second of work


def outer_median_interval(durations: Sequence[Interval], level: float = LEVEL) -> Interval | None:
    """Where the median of all faults lies by the sign test; None where n is too small for the level (below 6 for
    0.05).
    """
    r = rank(len(durations), level)
    if r == 0:
        return None
    n = len(durations)
    return Interval(kth(durations, r).after_ns, kth(durations, n + 1 - r).before_ns)


def median_interval(durations: Sequence[Interval], level: float = LEVEL) -> Interval | None:
    """Where the median of all faults lies by the likelihood ratio; None where n is too small for the level.

    Args:
        durations: one for each fault.
        level: how often it may miss the median.
    """
    if rank(len(durations), level) == 0:
        return None
    low, high = median_bounds(*sample(durations), level)
    least_ns, most_ns = float(low[0]), float(high[0])
    if len(durations) <= _ALL_TRIED:
        lowest_ns, highest_ns = outermost(*sample(durations), level)
        least_ns, most_ns = min(least_ns, lowest_ns), max(most_ns, highest_ns)
    return Interval(round(least_ns), None if most_ns == inf else round(most_ns))
