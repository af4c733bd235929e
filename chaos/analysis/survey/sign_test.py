"""The sign test: how many of n values lie below the median is binomial with one half, whatever the distribution.

So the interval from the r-th smallest to the r-th largest value misses the median only where fewer than r values lie on
one side of it, with probability 2 P(Bin(n, 1/2) < r): exact for every continuous distribution, at most that for others
(W. R. Thompson, Annals of Mathematical Statistics 7, 1936, 122-128).
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, log


def missed(n: int, r: int) -> float:
    """The probability that the interval from the r-th smallest to the r-th largest of n misses the median."""
    ways = 2 * sum(comb(n, k) for k in range(r))
    return ways / (1 << n)


@lru_cache(maxsize=4096)
def rank(n: int, level: float) -> int:
    """The largest r whose interval misses the median with at most that probability; 0 where there is none.

    At 0.05 there is none below 6 values.
    """
    ways = 0
    for r in range(n // 2):
        ways += 2 * comb(n, r)
        if ways / (1 << n) > level:
            return r
    return n // 2


def log_ratio(n: int, below: int) -> float:
    """Twice the log of the likelihood ratio of one half, where so many of n values lie below the supposed median."""
    return 2 * sum(k * log(2 * k / n) for k in (below, n - below) if k)
