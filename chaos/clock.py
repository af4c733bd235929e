"""The clock that every measurement of a run is read from."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

_NS_PER_S = 1_000_000_000


class RunClock:
    """Nanoseconds since the run's start, by the event loop's monotonic (or virtual) clock.

    Args:
        loop: whose time is read.
        started_at: the UTC time of instant 0; for dates in reports only, never for measuring.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, started_at: datetime | None = None) -> None:
        self.loop = loop
        self.zero_s = loop.time()
        self.started_at = (started_at or datetime.now(UTC)).astimezone(UTC)
        self._time = loop.time

    def now_ns(self) -> int:
        """Nanoseconds since the start."""
        return round((self._time() - self.zero_s) * _NS_PER_S)

    def now_s(self) -> float:
        """Seconds since the start."""
        return self._time() - self.zero_s

    def loop_time_s(self, at_ns: int) -> float:
        """The loop's own time of an instant of this clock, for `loop.call_at`."""
        return self.zero_s + at_ns / _NS_PER_S
