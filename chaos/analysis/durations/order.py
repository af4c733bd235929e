"""Order statistics of durations that are known as intervals.

Each value lies in its interval, so the k-th smallest value is at least the k-th smallest lower bound and at most the
k-th smallest upper bound. Both bounds are attained, so no narrower ones are right. Durations that were not seen to end
have no upper bound and come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from chaos.model import Interval


def kth(durations: Sequence[Interval], k: int) -> Interval:
    """Bounds of the k-th smallest; k from 1 to n."""
    if not 1 <= k <= len(durations):
        raise ValueError(f"{len(durations)} durations have no number {k}")
    least_ns = sorted(d.after_ns for d in durations)[k - 1]
    most_ns = sorted(inf if d.before_ns is None else d.before_ns for d in durations)[k - 1]
    return Interval(least_ns, None if most_ns == inf else int(most_ns))


def smallest(durations: Sequence[Interval]) -> Interval | None:
    """Bounds of the shortest; None of none."""
    return kth(durations, 1) if durations else None


def largest(durations: Sequence[Interval]) -> Interval | None:
    """Bounds of the longest; None of none."""
    return kth(durations, len(durations)) if durations else None


def middle(durations: Sequence[Interval]) -> Interval | None:
    """Bounds of these durations' own median, of an even number the mean of the middle two; None of none.

    Halves of a nanosecond are rounded outwards.
    """
    if not durations:
        return None
    n = len(durations)
    low, high = kth(durations, (n + 1) // 2), kth(durations, n // 2 + 1)
    least_ns = (low.after_ns + high.after_ns) // 2
    if low.before_ns is None or high.before_ns is None:
        return Interval(least_ns, None)
    return Interval(least_ns, -(-(low.before_ns + high.before_ns) // 2))
