"""Durations over faults, in words: the unit is the fault, and how many there were is always said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos.analysis.survey import largest, median_interval, middle, next_no_longer, none_longer, one_per_fault
from chaos.analysis.units import at_most_ms, between, count, rounded_up, seconds, share
from chaos.model import Interval

# From so many faults on something can be said of the median of all that are like them, at 95 %.
_ENOUGH = 6
_CONFIDENCE = 0.95


def per_fault(seen: Iterable[tuple[int, Interval]]) -> list[Interval]:
    """One duration a fault, the last of what its pods, views and vantages had; by (trial, duration)."""
    return list(one_per_fault(seen).values())


def over_faults(durations: Sequence[Interval], what: str = "deletion") -> str:
    """How long it took: ``between 1.93 and 1.98 s (1 deletion)``, of several faults the median and the longest.

    Args:
        durations: one for each fault, in nanoseconds, at least one.
        what: a fault is, in the singular.
    """
    if len(durations) == 1:
        return f"{between(durations[0])} ({count(1, what)})"
    longest, median = largest(durations), middle(durations)
    assert longest is not None and median is not None  # noqa: S101, PT018 - there is one
    return f"{between(median)} (median of {count(len(durations), what)}; the longest {between(longest)})"


def at_most_over_faults(durations: Sequence[Interval], what: str = "deletion") -> str:
    """By when it had happened: ``at most 51 ms (median of 3 deletions; …)``; with lower bounds where they tell much."""
    if any(d.before_ns is None or 2 * d.after_ns >= d.before_ns > 0 for d in durations):
        return over_faults(durations, what)
    ends = sorted(d.before_ns or 0 for d in durations)
    if len(ends) == 1:
        return f"{at_most_ms(max(0, ends[0]))} ({count(1, what)})"
    upper = middle([Interval(end, end) for end in ends])
    assert upper is not None and upper.before_ns is not None  # noqa: S101, PT018 - there is one
    numbered = f"median of {count(len(ends), what)}"
    return f"{at_most_ms(max(0, upper.before_ns))} ({numbered}; the longest {at_most_ms(max(0, ends[-1]))})"


def how_sure(durations: Sequence[Interval], what: str = "deletion") -> str:
    """One sentence about the faults to come; empty of none.

    Args:
        durations: one for each fault.
        what: a fault is, in the singular.
    """
    n = len(durations)
    if not n:
        return ""
    bound = none_longer(durations, _CONFIDENCE)
    if n < _ENOUGH or bound is None:
        chance = next_no_longer(n)
        of = f"{count(chance.numerator)} of {count(chance.denominator, 'case')}"
        if n == 1:
            return f"One {what} tells little: if the next one is like it, it takes longer in {of}."
        return f"If they are alike, the next {what} takes no longer than the longest of these in {of}."
    none = (
        f"None of {count(n, what)} took longer than {seconds(rounded_up(bound.longest_ns))}, so "
        f"{share(None, bound.at_most)} of all do (at {share(_CONFIDENCE)} confidence)."
    )
    found = median_interval(durations)
    if found is None:
        return none
    return f"The median of all {what}s like these lies {between(found)} (at {share(_CONFIDENCE)} confidence). {none}"
