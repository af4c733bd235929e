"""The simulated cluster's own time: the event loop's clock, with dates."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class SimClock:
    """Instants are seconds of the event loop's clock, be it virtual or real."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch: datetime) -> None:
        self.loop = loop
        self._zero_s = loop.time()
        self._epoch = epoch.astimezone(UTC)
        self._date = (-1, "")

    def now_s(self) -> float:
        """Seconds of the loop's clock."""
        return self.loop.time()

    def wall(self) -> datetime:
        """Now, UTC."""
        return self._epoch + timedelta(seconds=self.loop.time() - self._zero_s)

    def http_date(self) -> str:
        """Now, as HTTP has it; made once a second, since each answer carries it."""
        second = int(self.loop.time() - self._zero_s + self._epoch.microsecond / 1e6)
        if second != self._date[0]:
            self._date = second, format_datetime(self.wall(), usegmt=True)
        return self._date[1]

    def timestamp(self, ahead_s: float = 0) -> str:
        """RFC 3339 in whole seconds, as metav1.Time has it."""
        return (self.wall() + timedelta(seconds=ahead_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
