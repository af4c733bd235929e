"""Durations as arrays, for what computes with many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from chaos.analysis.survey.likelihood import Floats
from chaos.model import Interval


def sample(durations: Sequence[Interval]) -> tuple[Floats, Floats]:
    """Lower and upper bounds in nanoseconds, each (1, n); infinite where the end was not seen.

    A double holds whole nanoseconds exactly up to 104 days.
    """
    least = np.array([[d.after_ns for d in durations]], np.float64)
    most = np.array([[inf if d.before_ns is None else d.before_ns for d in durations]], np.float64)
    return least, most
