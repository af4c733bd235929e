"""Virtual time: exact, free, and never past work that a thread is doing."""

import asyncio
import time

import pytest

from chaos.clock import RunClock
from kubesim import virtual
from kubesim.virtual import VirtualDeadlockError, run_virtual


def test_sleeping_takes_exactly_as_long_as_asked_and_no_real_time() -> None:
    async def main() -> float:
        await asyncio.sleep(0.000_1)
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_virtual(main()) == 86_400.000_1
    assert time.monotonic() - began < 60


def test_callbacks_due_at_the_same_instant_run_in_the_same_order_in_every_run() -> None:
    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        order: list[int] = []
        for number in range(200):
            handle = loop.call_at(5.0, order.append, number)
            if number % 3 == 0:
                handle.cancel()
        await asyncio.sleep(6.0)
        return order

    first = run_virtual(main())
    assert sorted(first) == [n for n in range(200) if n % 3]
    assert run_virtual(main()) == first


def test_time_stands_still_while_a_thread_works() -> None:
    async def main() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(0.001, lambda: None)
        before = loop.time()
        await asyncio.to_thread(time.sleep, 0.02)
        return before, loop.time()

    before, after = run_virtual(main())
    assert before == after


def test_waiting_for_what_never_comes_is_an_error_that_names_the_task() -> None:
    async def waits_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(VirtualDeadlockError, match="waits_for_ever"):
        run_virtual(waits_for_ever())


def test_going_round_without_waiting_is_an_error_that_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What yields only, or asks for less time than a float can add, would go on for ever at one instant."""
    monkeypatch.setattr(virtual, "_MOST_STEPS_AT_AN_INSTANT", 1000)

    async def polls(delay_s: float) -> None:
        while True:
            await asyncio.sleep(delay_s)

    async def main(delay_s: float) -> None:
        await asyncio.sleep(100)
        await asyncio.gather(*(asyncio.create_task(polls(delay_s), name=f"poller {n}") for n in range(2)))

    for delay_s in (0.0, 1e-20):
        with pytest.raises(VirtualDeadlockError, match=r"still at 100\.000000 s: 1000 steps at that instant"):
            run_virtual(main(delay_s))
    with pytest.raises(VirtualDeadlockError, match=r"\n  poller 0: .*polls at .*test_virtual\.py:\d+\n  poller 1: "):
        run_virtual(main(0.0))


def test_many_steps_at_many_instants_or_beside_a_thread_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "_MOST_STEPS_AT_AN_INSTANT", 1000)

    async def main() -> None:
        for _ in range(2000):
            await asyncio.sleep(0.001)
        working = asyncio.ensure_future(asyncio.to_thread(time.sleep, 0.05))
        while not working.done():
            await asyncio.sleep(0)

    run_virtual(main())


def test_timeouts_end_at_their_instant() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(12.5):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 12.5


def test_the_run_clock_counts_nanoseconds_from_its_making() -> None:
    async def main() -> tuple[int, float]:
        await asyncio.sleep(100)
        clock = RunClock(asyncio.get_running_loop())
        await asyncio.sleep(0.25)
        return clock.now_ns(), clock.loop_time_s(250_000_000)

    assert run_virtual(main()) == (250_000_000, 100.25)
