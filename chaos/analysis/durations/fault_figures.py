"""One duration a fault.

What several views, vantages and pods saw of one fault is not independent: they share its cause, its controllers, its
node. Counted as trials of their own they would make every interval too narrow. So a fault gives one duration, that of
the last of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from chaos.model import Interval

FaultKey = TypeVar("FaultKey", bound=Hashable)


def one_per_fault(seen: Iterable[tuple[FaultKey, Interval]]) -> dict[FaultKey, Interval]:
    """The duration of each fault, in the order in which the faults come first."""
    by_fault: dict[FaultKey, list[Interval]] = {}
    for fault, duration in seen:
        by_fault.setdefault(fault, []).append(duration)
    return {fault: last_of(durations) for fault, durations in by_fault.items()}


def last_of(durations: Sequence[Interval]) -> Interval:
    """When the last of them was over: the maximum of values that lie in these intervals.

    It is at least the largest lower bound, and at most the largest upper one. Where one was not seen to end there is no
    upper bound, since that one may be the last.

    Args:
        durations: at least one, in nanoseconds since one common instant.
    """
    if not durations:
        raise ValueError("a fault without any duration has no last one")
    ends = [d.before_ns for d in durations if d.before_ns is not None]
    return Interval(max(d.after_ns for d in durations), max(ends) if len(ends) == len(durations) else None)
