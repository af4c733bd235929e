"""Summaries of recovery times: small samples, some of them censored.

A censored value is known only to be greater than its bound. It is never dropped (that would favour the slow) and never
averaged as if the bound were the value; where it decides a figure, the figure is a bound itself: "> 60 s".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.model import Interval

# The smallest n whose maximum exceeds the p-quantile with 95 % confidence: 1 - 0.95**59 > 0.95, 1 - 0.99**299 > 0.95.
MIN_N_FOR_P95 = 59
MIN_N_FOR_P99 = 299


@dataclass(frozen=True, slots=True, order=True)
class Bound:
    """A duration that is known exactly, or from below.

    Attributes:
        value_ns: in nanoseconds.
        censored: whether the truth is greater.
    """

    value_ns: int
    censored: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What may be said about n values.

    Attributes:
        median: None where n is 0.
        p95: None where n is below 59.
        p99: None where n is below 299.
    """

    n: int
    censored: int
    median: Bound | None
    maximum: Bound | None
    p95: Bound | None
    p99: Bound | None


def bound(interval: Interval, zero_ns: int = 0) -> Bound:
    """The upper bound of an instant since `zero_ns`; censored where it was not seen to happen."""
    if interval.before_ns is None:
        return Bound(interval.after_ns - zero_ns, censored=True)
    return Bound(interval.before_ns - zero_ns)


def summarise(figures: Sequence[Bound]) -> Summary:
    """Median, maximum and, where n allows, quantiles."""
    return Summary(
        n=len(figures),
        censored=sum(f.censored for f in figures),
        median=median(figures),
        maximum=maximum(figures),
        p95=quantile(figures, 0.95) if len(figures) >= MIN_N_FOR_P95 else None,
        p99=quantile(figures, 0.99) if len(figures) >= MIN_N_FOR_P99 else None,
    )


def maximum(figures: Sequence[Bound]) -> Bound | None:
    """The largest; censored where any value is, since that one may be larger than all."""
    if not figures:
        return None
    return Bound(max(f.value_ns for f in figures), any(f.censored for f in figures))


def median(figures: Sequence[Bound]) -> Bound | None:
    """The middle value, or of an even number the mean of the middle two; a bound where the middle is censored."""
    if not figures:
        return None
    low, high = _at(figures, (len(figures) - 1) // 2), _at(figures, len(figures) // 2)
    if low.censored or high.censored:
        return Bound(low.value_ns, censored=True)
    return Bound((low.value_ns + high.value_ns) // 2)


def quantile(figures: Sequence[Bound], share: float) -> Bound:
    """The smallest value that at least that share of the values does not exceed."""
    rank = -int(-share * len(figures) // 1)
    return _at(figures, rank - 1)


def _at(figures: Sequence[Bound], position: int) -> Bound:
    """The value at a position of the ascending order, where a censored value may be anywhere above its bound.

    The order statistic is smallest when every censored value equals its bound, which bounds it from below. It is exact
    where no censored value lies at or below that bound.
    """
    ordered = sorted(figures)
    found = ordered[position]
    exact = not any(f.censored for f in ordered[: position + 1])
    return Bound(found.value_ns, censored=not exact)
