"""How often a series was asked for at an instant: a run asks less often while cluster DNS is overloaded."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import inf
from typing import Any

from chaos.model.series import Series

# The mark of a change. Its details: `factor` (how many times longer than planned the periods are from then on),
# `periods` ([series id, seconds] of each series that is asked at another one) and why.
PACE = "pace"
# A vantage learns of a change so much later at most, as long as it is heard; until then the old period is in force.
_LEARNED_NS = 1_000_000_000


class Paces:
    """The periods of all series over a run.

    Args:
        marks: of the run, in order.
    """

    def __init__(self, marks: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
        self._changes: dict[int, list[tuple[int, float]]] = {}
        for at_ns, what, details in marks:
            if what == PACE:
                for series_id, period_s in details["periods"]:
                    self._changes.setdefault(int(series_id), []).append((at_ns, float(period_s)))

    def __bool__(self) -> bool:
        return bool(self._changes)

    def longest_s(self, series: Series, from_ns: float = 0, to_ns: float = inf) -> float:
        """The longest period that was in force at any instant of a time."""
        changes = self._changes.get(series.id)
        if changes is None:
            return series.period_s
        steps = [(-inf, series.period_s), *changes, (inf, 0.0)]
        return max(
            period_s
            for (since_ns, period_s), (until_ns, _) in pairwise(steps)
            if since_ns <= to_ns and until_ns + _LEARNED_NS >= from_ns
        )
