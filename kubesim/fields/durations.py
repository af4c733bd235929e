"""Ages as kubectl prints them (apimachinery's util/duration)."""

from __future__ import annotations

from datetime import datetime

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_YEAR_DAYS = 365


def age(since: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was: ``42s``, ``3m5s``, ``26h``; ``<unknown>`` where there is none."""
    if not since:
        return "<unknown>"
    return human(int((now - datetime.fromisoformat(since)).total_seconds()))


def human(seconds: int) -> str:
    """Two units at most."""
    if seconds < 0:
        return "0s"
    minutes, hours, days = seconds // _MINUTE_S, seconds // _HOUR_S, seconds // _DAY_S
    years = days // _YEAR_DAYS
    # (below this many seconds, the greater unit, the smaller one where it still counts)
    steps = (
        (2 * _MINUTE_S, f"{seconds}s", ""),
        (10 * _MINUTE_S, f"{minutes}m", _rest(seconds % _MINUTE_S, "s")),
        (3 * _HOUR_S, f"{minutes}m", ""),
        (8 * _HOUR_S, f"{hours}h", _rest(minutes % 60, "m")),
        (2 * _DAY_S, f"{hours}h", ""),
        (8 * _DAY_S, f"{days}d", _rest(hours % 24, "h")),
        (2 * _YEAR_DAYS * _DAY_S, f"{days}d", ""),
        (8 * _YEAR_DAYS * _DAY_S, f"{years}y", _rest(days % _YEAR_DAYS, "d")),
    )
    for below_s, greater, smaller in steps:
        if seconds < below_s:
            return greater + smaller
    return f"{years}y"


def _rest(count: int, unit: str) -> str:
    return f"{count}{unit}" if count else ""
