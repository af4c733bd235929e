"""Bounds in tables, in seconds to a millisecond: lower ones rounded down, upper ones up."""

from __future__ import annotations

from math import ceil, floor

from chaos.model import Interval

_NS_PER_MS = 1_000_000


def at_least(duration_ns: int) -> str:
    """A lower bound."""
    return f"{floor(duration_ns / _NS_PER_MS) / 1000:.3f}"


def at_most(duration_ns: int) -> str:
    """An upper bound."""
    return f"{ceil(duration_ns / _NS_PER_MS) / 1000:.3f}"


def bounds(interval: Interval, zero_ns: int = 0) -> str:
    """Both; ``> 1.203`` without an end."""
    least = at_least(interval.after_ns - zero_ns)
    return f"> {least}" if interval.before_ns is None else f"{least} to {at_most(interval.before_ns - zero_ns)}"
