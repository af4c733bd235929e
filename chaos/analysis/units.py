"""Durations as people read them."""

from __future__ import annotations

from chaos.model import Interval

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000


def ms(duration_ns: int) -> str:
    """Milliseconds below a second, else seconds."""
    if abs(duration_ns) >= _NS_PER_S:
        return seconds(duration_ns)
    if duration_ns == 0:
        return "0 ms"
    value = duration_ns / _NS_PER_MS
    return f"{value:.0f} ms" if abs(value) >= 10 else f"{value:.1f} ms"  # noqa: PLR2004 - three digits at most


def seconds(duration_ns: int) -> str:
    """Seconds with as many digits as 10 ms probes give."""
    value = duration_ns / _NS_PER_S
    return f"{value:.2f} s" if abs(value) >= 1 else f"{value:.3f} s"


def between(length: Interval) -> str:
    """The bounds of a duration, rounded outwards: ``between 1.36 and 1.43 s``; ``at least 60.00 s`` without an end."""
    if length.before_ns is None:
        return f"at least {seconds(_down(length.after_ns))}"
    least, most = seconds(_down(length.after_ns)), seconds(-_down(-length.before_ns))
    return f"between {least.removesuffix(' s')} and {most}"


def at_most_ns(duration_ns: int) -> str:
    """An upper bound, rounded up."""
    return f"at most {seconds(-_down(-duration_ns))}"


def _down(duration_ns: int) -> int:
    """To what `seconds` shows of it."""
    step_ns = 10 * _NS_PER_MS if abs(duration_ns) >= _NS_PER_S else _NS_PER_MS
    return duration_ns // step_ns * step_ns
