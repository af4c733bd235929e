"""Figures for sentences: each function gives the citation of one (`chaos.model.figure`)."""

from __future__ import annotations

from chaos.model import Figure, Interval
from chaos.model.figure import DURATION, SHARE


def ms(duration_ns: int) -> str:
    """A duration in milliseconds below a second, else in seconds."""
    return Figure(duration_ns, duration_ns, DURATION, "ms").cite()


def seconds(duration_ns: int) -> str:
    """A duration in seconds, with as many digits as 10 ms probes give."""
    return Figure(duration_ns, duration_ns, DURATION, "s").cite()


def between(length: Interval) -> str:
    """The bounds of a duration, rounded outwards: ``between 1.36 and 1.43 s``; ``at least 60.00 s`` without an end."""
    return Figure(length.after_ns, length.before_ns, DURATION, "s").cite()


def at_most_ns(duration_ns: int) -> str:
    """An upper bound, rounded up."""
    return Figure(None, duration_ns, DURATION, "s").cite()


def at_most_ms(duration_ns: int) -> str:
    """An upper bound, rounded up, in milliseconds below a second."""
    return Figure(None, duration_ns, DURATION, "ms").cite()


def count(number: int, what: str = "") -> str:
    """A count, of what in the singular: ``3 views``; another plural stands behind a bar: ``reply|replies``."""
    return Figure(number, number, what).cite()


def share(least: float | None, most: float | None = None) -> str:
    """A part of one, or its bounds, in percent: ``33%``, ``29% to 38%``, ``at most 5%``."""
    return Figure(least, least if most is None else most, SHARE).cite()


def at_least_share(least: float) -> str:
    """The lower bound of a part of one, rounded down: ``at least 54%``."""
    return Figure(least, None, SHARE).cite()


def out_of(number: int, total: int, what: str = "") -> str:
    """A count of a total: ``2 of 3 trials``."""
    return f"{count(number)} of {count(total, what)}"


def stated(duration_s: float) -> str:
    """A duration that was set or announced, not measured: ``30 s``."""
    return Figure(duration_s * 1e9, duration_s * 1e9, DURATION, "g").cite()
