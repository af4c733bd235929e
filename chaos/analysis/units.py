"""Durations as people read them."""

from __future__ import annotations

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
