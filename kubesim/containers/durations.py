"""The arguments of `sleep`."""

from __future__ import annotations

import math

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration_s(text: str) -> float:
    """Seconds of `sleep`'s argument, such as ``3600``, ``1.5m`` or ``infinity``.

    Raises:
        ValueError: not a duration.
    """
    if text in ("infinity", "inf"):
        return math.inf
    unit = _UNITS_S.get(text[-1:], 0)
    return float(text[:-1]) * unit if unit else float(text)
