"""Durations over faults, in words: the unit is the fault, and how many there were is always said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos.analysis.precision import Aim
from chaos.analysis.survey import largest, median_interval, middle, next_no_longer, none_longer, one_per_fault
from chaos.analysis.units import at_most_ms, between, count, seconds, share
from chaos.model import FaultWindow, Interval
from chaos.model.figure import plain, rounded_up

# From so many faults on something can be said of the median of all that are like them, at 95 %.
_ENOUGH = 6
_BOTH = 2  # so few have no middle
_CONFIDENCE = 0.95
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


def how_sure(durations: Sequence[Interval], what: str = "deletion", aim: Aim | None = None) -> str:
    """At most two sentences about the faults to come; empty of none.

    Args:
        durations: one for each fault.
        what: a fault is, in the singular.
        aim: of a run that went on until the median was known precisely.
    """
    n = len(durations)
    if not n:
        return ""
    if aim is not None:
        return _as_asked(durations, what, aim)
    none = _none_longer(durations, what, _CONFIDENCE)
    if n < _ENOUGH or not none:
        chance = next_no_longer(n)
        of = f"{count(chance.numerator)} of {count(chance.denominator, 'case')}"
        if n == 1:
            return f"One {what} tells little: if the next one is like it, it takes longer in {of}."
        return f"If they are alike, the next {what} takes no longer than the longest of these in {of}."
    found = median_interval(durations)
    return none if found is None else f"{_median(found, what)}. {none}"


def _as_asked(durations: Sequence[Interval], what: str, aim: Aim) -> str:
    """Whether the median is known as precisely as was asked, by the interval of the look at which the run stopped.

    How many faults there are depends on how long they took, so nothing that takes a fixed number for granted is said:
    the median's interval is that of a look, and the bound on the longest one may miss at each look only so rarely that
    it misses at any in 5 %.
    """
    found = aim.decision(durations)
    within = f"within {share(aim.precision)}"
    if found.interval is None:
        return f"The median of all {what}s like these is not known {within} after {count(found.n, what)}."
    median = _median(found.interval, what)
    if found.reached:
        said = f"{median}, {within} as asked."
    elif found.half_width <= aim.precision:
        said = f"{median}, but the run ended before its next look at that."
    else:
        said = f"{median}, not {within} after {count(found.n, what)}."
    none = _none_longer(durations, what, 1 - (1 - _CONFIDENCE) / aim.looks)
    return f"{said} {none}" if none else said


def _median(found: Interval, what: str) -> str:
    """Without a full stop."""
    lies = "is" if found.before_ns is None else "lies"
    return f"The median of all {what}s like these {lies} {between(found)} (at {share(_CONFIDENCE)} confidence)"


def _none_longer(durations: Sequence[Interval], what: str, confidence: float) -> str:
    """How rarely a fault takes longer than these; empty where one of them was not seen to end.

    Args:
        durations: one for each fault, at least one.
        what: a fault is, in the singular.
        confidence: of this bound, where 95 % is that of all such bounds that the run could have stated.
    """
    bound = none_longer(durations, confidence)
    if bound is None:
        return ""
    return (
        f"None of {count(len(durations), what)} took longer than {seconds(rounded_up(bound.longest_ns))}, so "
        f"{share(None, bound.at_most)} of all do (at {share(_CONFIDENCE)} confidence)."
    )
