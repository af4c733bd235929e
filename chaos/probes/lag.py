"""How late the event loop itself is: what bounds the truth of every other instant."""

from __future__ import annotations

from chaos.clock import RunClock
from chaos.probes.schedule import Schedule


class LagMonitor:
    """Wakes at fixed instants and notes how late.

    An idle asyncio loop is itself late by about 1 ms at p99 (epoll counts whole milliseconds); more than that means
    that this process could not keep up. Lag widens intervals, it never makes them wrong: sent and received are read at
    the moment, not from the schedule.
    """

    def __init__(self, clock: RunClock, period_s: float = 0.05) -> None:
        self._clock = clock
        self._late_ns: list[int] = []
        self._schedule = Schedule(clock, period_s, period_s, self._wake)

    def _wake(self, scheduled_ns: int) -> None:
        self._late_ns.append(self._clock.now_ns() - scheduled_ns)

    def start(self) -> None:
        """Begin."""
        self._schedule.start()

    def stop(self) -> None:
        """End."""
        self._schedule.stop()

    def summary(self) -> dict[str, float | int]:
        """Number of looks, median and maximum of the lateness (ms), and looks that were a whole period late."""
        late = sorted(self._late_ns)
        if not late:
            return {"n": 0}
        return {
            "n": len(late),
            "median_ms": round(late[len(late) // 2] / 1e6, 3),
            "max_ms": round(late[-1] / 1e6, 3),
            "missed": self._schedule.missed,
        }
