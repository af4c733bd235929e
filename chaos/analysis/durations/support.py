"""What n faults support, without a model: a bound on how many take longer, and a word about the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chaos.analysis.durations.order import largest
from chaos.model import Interval


@dataclass(frozen=True, slots=True)
class NoneLonger:
    """None of n took longer than that, so at most that share of them all does, at that confidence."""

    n: int
    longest_ns: int
    at_most: float
    confidence: float


def none_longer(durations: Sequence[Interval], confidence: float = 0.95) -> NoneLonger | None:
    """The longest of n as an upper bound of a quantile; None of none, and where one was not seen to end.

    If more than a share q of all faults took longer than the longest of n independent ones, then n fell into the other
    1 - q: a chance below (1 - q)^n. So q = 1 - (1 - confidence)^(1/n), whatever the distribution (S. S. Wilks, Annals
    of Mathematical Statistics 12, 1941, 91-96): 39 % of 6, 5 % of 59. The longest one's upper bound is above its value,
    which only makes the statement safer.
    """
    longest = largest(durations)
    if longest is None or longest.before_ns is None:
        return None
    n = len(durations)
    return NoneLonger(n, longest.before_ns, 1 - (1 - confidence) ** (1 / n), confidence)


def next_no_longer(n: int) -> Fraction:
    """How likely the next fault takes no longer than the longest of n, if they are alike: n / (n + 1).

    The longest of n + 1 alike ones is each of them with the same probability, ties only add to it. It says nothing of
    how long that longest one took, so it holds where some were not seen to end. Three of four for n = 3; zero for no
    faults.
    """
    if n < 0:
        raise ValueError("there are no fewer than no faults")
    return Fraction(n, n + 1)
