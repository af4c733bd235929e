"""An absolute schedule: slots at fixed instants, whatever happened to earlier ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaos.clock import RunClock


class Schedule:
    """Calls `fire(scheduled_ns)` at `phase_s`, `phase_s + period_s`, …, never waiting for what a call began.

    A slot that comes up a whole period late is not made up for, since a burst of late probes would measure the prober:
    it is counted in `missed` (the coordinated-omission rule: what was not sent must show).

    Args:
        clock: the run's clock.
        period_s: seconds between slots.
        phase_s: offset of the first slot from now, to spread series over the period.
        fire: called in the event loop with the slot's scheduled instant.
    """

    def __init__(self, clock: RunClock, period_s: float, phase_s: float, fire: Callable[[int], None]) -> None:
        self.missed = 0
        self.fired = 0
        self._clock = clock
        self._period_ns = round(period_s * 1e9)
        self._due_ns = clock.now_ns() + round(phase_s * 1e9)
        self._fire = fire
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._arm()

    def pace(self, period_s: float) -> None:
        """Go on at another period. What is left of the present one is stretched or shortened with it, so that series
        that were spread over the old period are spread over the new one.
        """
        period_ns = round(period_s * 1e9)
        now_ns = self._clock.now_ns()
        left_ns = self._due_ns - now_ns
        if left_ns > 0:  # else the slot is due already
            self._due_ns = now_ns + left_ns * period_ns // self._period_ns
        self._period_ns = period_ns
        if self._handle is not None:
            self._handle.cancel()
            self._arm()

    def stop(self) -> None:
        """Fire no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        clock = self._clock
        self._handle = clock.loop.call_at(clock.loop_time_s(self._due_ns), self._tick)

    def _tick(self) -> None:
        now_ns = self._clock.now_ns()
        late = (now_ns - self._due_ns) // self._period_ns
        if late > 0:
            self.missed += late
            self._due_ns += late * self._period_ns
        due_ns = self._due_ns
        self._due_ns += self._period_ns
        self.fired += 1
        self._arm()
        self._fire(due_ns)


class Slots:
    """The slots of one long-lived connection, on a schedule that its questions never shift.

    Attributes:
        due_ns: the slot that is under way.
        missed: slots that passed while an earlier one was under way.
    """

    def __init__(self, clock: RunClock, period_s: float) -> None:
        self.due_ns = clock.now_ns()
        self.missed = 0
        self._clock = clock
        self._period_ns = round(period_s * 1e9)

    async def next(self, sooner: asyncio.Future[None] | None = None) -> None:
        """Wait for the next slot, or until `sooner` is done."""
        now_ns = self._clock.now_ns()
        behind = (now_ns - self.due_ns) // self._period_ns
        self.missed += max(0, behind)
        self.due_ns += (behind + 1) * self._period_ns
        delay_s = (self.due_ns - now_ns) / 1e9
        if sooner is None:
            await asyncio.sleep(delay_s)
        else:
            await asyncio.wait([sooner], timeout=delay_s)


class Schedules:
    """The schedules of a prober's series, each begun and ended by itself."""

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._running: dict[int, Schedule] = {}
        self._missed_before = 0  # of those that have ended

    @property
    def missed(self) -> int:
        """Slots that came up too late to be fired."""
        return self._missed_before + sum(schedule.missed for schedule in self._running.values())

    def add(self, series_id: int, period_s: float, phase_s: float, fire: Callable[[int], None]) -> None:
        """Begin one; see `Schedule`."""
        schedule = self._running[series_id] = Schedule(self._clock, period_s, phase_s, fire)
        schedule.start()

    def pace(self, series_id: int, period_s: float) -> None:
        """Let one go on at another period, if it is there; see `Schedule.pace`."""
        schedule = self._running.get(series_id)
        if schedule is not None:
            schedule.pace(period_s)

    def remove(self, series_id: int) -> None:
        """End one, if it is there."""
        schedule = self._running.pop(series_id, None)
        if schedule is not None:
            schedule.stop()
            self._missed_before += schedule.missed

    def stop(self) -> None:
        """End all."""
        for series_id in tuple(self._running):
            self.remove(series_id)
