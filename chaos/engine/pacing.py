"""The periods that can be stretched while a run goes on, and how far they are."""

from __future__ import annotations

from typing import Any

from chaos.clock import RunClock
from chaos.model import Series
from chaos.model.pace import PACE
from chaos.model.recording import Recorder
from chaos.probes import Host

# The longest period: at one question a second no server is overloaded, and fewer would not show a recovery.
_LONGEST_S = 1.0
_MOST = 8


class Pacing:
    """Series that are asked for less often while `factor` is above 1; each change is a mark of the history.

    Attributes:
        factor: by which their periods are longer now than planned.
    """

    def __init__(self, clock: RunClock, recorder: Recorder) -> None:
        self.factor = 1
        self._clock = clock
        self._recorder = recorder
        self._planned: dict[int, tuple[Host, float]] = {}  # by series: who asks, and how often

    def begins(self, host: Host, series: Series, planned_s: float) -> None:
        """A series is opened that yields."""
        self._planned[series.id] = host, planned_s

    def ends(self, series_id: int) -> None:
        """A series is closed."""
        self._planned.pop(series_id, None)

    def period_s(self, planned_s: float) -> float:
        """What a planned period is now."""
        return max(planned_s, min(planned_s * self.factor, _LONGEST_S))

    def can_stretch(self, planned_s: float) -> bool:
        """Whether a planned period can become longer than it is now."""
        return self.factor < _MOST and self.period_s(planned_s) < _LONGEST_S

    def now_s(self, series: Series) -> float:
        """How often a series is sampled now."""
        _, planned_s = self._planned.get(series.id, (None, 0.0))
        return self.period_s(planned_s) if planned_s else series.period_s

    def change(self, factor: int, dns_planned_s: float, **why: Any) -> None:
        """Ask at other periods from now on.

        Args:
            factor: by which periods are longer from now on than planned.
            dns_planned_s: the planned period of DNS questions.
            why: for the mark.
        """
        self.factor = factor
        by_host: dict[str, tuple[Host, dict[int, float]]] = {}
        for series_id, (host, planned_s) in self._planned.items():
            by_host.setdefault(host.name, (host, {}))[1][series_id] = self.period_s(planned_s)
        for host, periods in by_host.values():
            host.pace(periods)
        changed = [[series_id, round(s, 9)] for _, periods in by_host.values() for series_id, s in periods.items()]
        every_s = round(self.period_s(dns_planned_s), 9)
        self._recorder.mark(self._clock.now_ns(), PACE, factor=factor, dns_period_s=every_s, periods=changed, **why)
