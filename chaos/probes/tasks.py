"""Samples that take time: each is a task of its own, begun by a schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

from chaos.clock import RunClock
from chaos.probes.schedule import Schedules


class TaskProber:
    """What probers whose samples await something share. Run it as `async with`: leaving ends what is under way."""

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._schedules = Schedules(clock)
        self._group = asyncio.TaskGroup()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def missed(self) -> int:
        """Slots that came up too late to be used."""
        return self._schedules.missed

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.stop()
        for task in self._under_way:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def stop(self) -> None:
        """Begin no more samples; those under way still end."""
        self._schedules.stop()

    def remove(self, series_id: int) -> None:
        """Sample a series no more; what is under way still ends."""
        self._schedules.remove(series_id)

    def pace(self, series_id: int, period_s: float) -> None:
        """Go on at another period, if it is a series of this prober."""
        self._schedules.pace(series_id, period_s)

    def begin(self, sample: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let a sample run beside the others."""
        task = self._group.create_task(sample)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task
