"""How sure the durations of some faults make one of the next, in words."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.analysis.durations import next_no_longer, none_longer
from chaos.analysis.precision import Aim
from chaos.analysis.survey import median_interval
from chaos.analysis.units import between, count, seconds, share
from chaos.model import Interval
from chaos.model.figure import rounded_up

# From so many faults on something can be said of the median of all that are like them, at 95 %.
_ENOUGH = 6
_CONFIDENCE = 0.95


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
