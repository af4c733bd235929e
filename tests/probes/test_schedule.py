"""The absolute schedule: nothing that happens moves a slot."""

import asyncio

from chaos.clock import RunClock
from chaos.probes import LagMonitor, Schedule
from kubesim import run_virtual


def test_slots_stay_on_the_grid_whatever_a_call_begins() -> None:
    async def main() -> list[int]:
        clock = RunClock(asyncio.get_running_loop())
        fired: list[int] = []
        schedule = Schedule(clock, 0.01, 0.003, fired.append)
        schedule.start()
        await asyncio.sleep(0.034)
        schedule.stop()
        await asyncio.sleep(1)
        return fired

    assert run_virtual(main()) == [3_000_000, 13_000_000, 23_000_000, 33_000_000]


def test_slots_that_come_up_a_whole_period_late_are_missed_and_counted_not_made_up_for() -> None:
    async def main() -> tuple[list[int], int]:
        clock = RunClock(asyncio.get_running_loop())
        fired: list[int] = []
        schedule = Schedule(clock, 0.01, 0.01, fired.append)
        schedule.start()
        await asyncio.sleep(0.015)
        stall(0.030)
        await asyncio.sleep(0.012)
        schedule.stop()
        return fired, schedule.missed

    fired, missed = run_virtual(main())
    assert fired == [10_000_000, 40_000_000, 50_000_000]
    assert missed == 2


def test_a_period_that_changes_takes_what_is_left_of_the_present_one_with_it() -> None:
    """So series that were spread over the old period are spread over the new one, in both directions."""

    async def main() -> tuple[list[int], int]:
        clock = RunClock(asyncio.get_running_loop())
        fired: list[int] = []
        schedule = Schedule(clock, 0.010, 0.010, fired.append)
        schedule.start()
        await asyncio.sleep(0.025)  # half of a period is left
        schedule.pace(0.040)
        await asyncio.sleep(0.070)  # at 95 ms; 30 ms of the longer one are left
        schedule.pace(0.010)
        await asyncio.sleep(0.020)
        schedule.stop()
        schedule.pace(0.010)
        await asyncio.sleep(1)
        return fired, schedule.missed

    fired, missed = run_virtual(main())
    assert fired == [10_000_000, 20_000_000, 45_000_000, 85_000_000, 102_500_000, 112_500_000]
    assert missed == 0


def test_a_stall_of_the_event_loop_shows_in_the_lag() -> None:
    async def main() -> dict[str, float | int]:
        clock = RunClock(asyncio.get_running_loop())
        lag = LagMonitor(clock, period_s=0.05)
        lag.start()
        await asyncio.sleep(0.09)
        stall(0.020)
        await asyncio.sleep(0.5)
        lag.stop()
        return lag.summary()

    assert run_virtual(main())["max_ms"] == 10.0


def stall(seconds: float) -> None:
    """What a busy event loop is: time passes without anything running."""
    asyncio.get_running_loop()._now_s += seconds  # type: ignore[attr-defined]
