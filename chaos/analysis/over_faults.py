"""Durations over faults, in words: the unit is the fault, and how many there were is always said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos.analysis.durations import largest, middle, one_per_fault
from chaos.analysis.units import at_most_ms, between, count
from chaos.model import FaultWindow, Interval
from chaos.model.figure import plain

_BOTH = 2  # so few have no middle
_DELETIONS = ("delete-pod", "force-delete-pod")


def per_fault(seen: Iterable[tuple[int, Interval]]) -> list[Interval]:
    """One duration a fault, the last of what its pods, views and vantages had; by (trial, duration)."""
    return list(one_per_fault(seen).values())


def noun(faults: Iterable[FaultWindow]) -> str:
    """What such faults are, in the singular: ``deletion`` where each is one pod's, else ``fault``."""
    one_by_one = all(fault.fault in _DELETIONS and len(fault.targets) == 1 for fault in faults)
    return "deletion" if one_by_one else "fault"


def over_faults(durations: Sequence[Interval], what: str = "deletion") -> str:
    """How long it took: ``between 1.93 and 1.98 s (1 deletion)``, of two both, of more the median and the longest.

    Args:
        durations: one for each fault, in nanoseconds, at least one.
        what: a fault is, in the singular.
    """
    n = count(len(durations), what)
    if len({plain(between(one)) for one in durations}) == 1:
        return f"{between(durations[0])} ({n})"
    if len(durations) == _BOTH:
        return f"{between(durations[0])}, and {between(durations[1])} ({n})"
    longest, median = largest(durations), middle(durations)
    assert longest is not None and median is not None  # noqa: S101, PT018 - there is one
    if plain(between(longest)) == plain(between(median)):
        return f"{between(median)} (median of {n}; the longest no longer)"
    return f"{between(median)} (median of {n}; the longest {between(longest)})"


def at_most_over_faults(durations: Sequence[Interval], what: str = "deletion", then: str = "") -> str:
    """By when it had happened after each of them: ``at most 51 ms after the deletion (3 deletions)``.

    Args:
        durations: one for each fault.
        what: a fault is, in the singular.
        then: what follows the duration.
    """
    ends = [d.before_ns for d in durations if d.before_ns is not None]
    if len(ends) < len(durations):
        return " ".join(filter(None, (over_faults(durations, what), then)))
    return " ".join(filter(None, (at_most_ms(max(0, *ends)), then, f"({count(len(ends), what)})")))
