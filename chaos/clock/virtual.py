"""An event loop whose time jumps: waiting costs nothing, and every instant is exact.

`VirtualTimeLoop` wraps the selector of asyncio's own loop. When nothing is ready to run, time is set to the earliest
scheduled callback. Nothing may travel through the kernel while time can jump, so simulated traffic stays in memory; the
only thing that the loop waits for really is work that it handed to a thread (`run_in_executor`).

It relies on two private parts of asyncio (`_scheduled`, `_selector`), which `tests/clock` checks on every Python.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

# Signals (Ctrl-C) arrive through a real file descriptor; looking at it costs a system call, so not at every step.
_STEPS_BETWEEN_POLLS = 64


class VirtualDeadlockError(RuntimeError):
    """Nothing is scheduled, nothing is ready, and no thread is at work: the program would wait for ever."""


class _VirtualSelector(selectors.BaseSelector):
    def __init__(self, inner: selectors.BaseSelector) -> None:
        self._inner = inner
        self._steps = 0
        self.loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._steps += 1
        if self._steps >= _STEPS_BETWEEN_POLLS or timeout is None:
            self._steps = 0
            ready = self._inner.select(0)
            if ready:
                return ready
        if timeout is not None and timeout <= 0:
            return []
        if self.loop.threads_at_work:
            # A thread's result wakes the loop through its own pipe; until then time stands still.
            return self._inner.select(None)
        if not self.loop.jump():
            ready = self._inner.select(0)
            if not ready:
                raise VirtualDeadlockError(self.loop.stuck())
            return ready
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.get_key(fileobj)

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time, starting at 0 seconds."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self.threads_at_work = 0
        selector = _VirtualSelector(selectors.DefaultSelector())
        selector.loop = self
        super().__init__(selector)
        # asyncio runs what is due before now + resolution; zero would never run what is due now.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._now_s

    def jump(self) -> bool:
        """Set the time to the earliest scheduled callback; False where there is none."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if not scheduled:
            return False
        self._now_s = max(self._now_s, scheduled[0].when())
        return True

    def stuck(self) -> str:
        """Who waits for what will never come."""
        waiting = "\n".join(f"  {task!r}" for task in asyncio.all_tasks(self))
        return f"virtual deadlock at {self._now_s:.6f} s; tasks that wait for ever:\n{waiting}"

    def run_in_executor(self, executor: Any, func: Callable[..., _T], *args: Any) -> asyncio.Future[_T]:  # type: ignore[override]
        """As in asyncio; time stands still until the thread is done."""
        self.threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """As in asyncio, which waits for a thread of its own here."""
        self.threads_at_work += 1
        try:
            if sys.version_info >= (3, 12):
                await super().shutdown_default_executor(timeout)
            else:
                await super().shutdown_default_executor()
        finally:
            self.threads_at_work -= 1

    def _thread_done(self, _future: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
