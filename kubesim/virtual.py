"""An event loop whose time jumps: waiting costs nothing, and every instant is exact.

When nothing is ready to run, time is set to the earliest scheduled callback. Nothing may travel through the kernel
while time can jump, so simulated traffic stays in memory; the only thing that the loop waits for really is work that it
handed to a thread (`run_in_executor`).

Callbacks scheduled for one instant run in the order in which they were scheduled, which asyncio does not promise.

It replaces a private method of asyncio (`_run_once`) and uses what that uses (`_ready`, `_selector`,
`_process_events`); `tests/clock` checks it on every Python.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar, cast

_T = TypeVar("_T")

# So many steps at one instant, while no thread is at work, are of a task that goes round without waiting: the shipped
# experiments on the simulated cluster take at most 15.
_MOST_STEPS_AT_AN_INSTANT = 1_000_000
# Signals (Ctrl-C) arrive through a real file descriptor; looking at it costs a system call, so not at every step.
_STEPS_BETWEEN_POLLS = 64


class VirtualDeadlockError(RuntimeError):
    """Time would stand still for ever: nothing is scheduled and all wait, or tasks go round and none ever waits."""


class _Step(asyncio.Handle):
    """A handle that is made without asking twice whether asyncio debugs itself, which costs as much as all else."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None


class _Timer(asyncio.TimerHandle):
    """The same for a callback at an instant."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = self._scheduled = False
        self._repr = self._source_traceback = None
        self._when = when

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None  # type: ignore[assignment]  # what they refer to may go, as in asyncio


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time, starting at 0 seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._steps = self._steps_before = 0  # in all, and when time last moved
        self._threads_at_work = 0
        self._order = count().__next__
        # A heap of our own: tuples compare in C and in order of scheduling, asyncio's handles in Python and in neither.
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._now_s

    def call_at(  # type: ignore[override]  # typeshed's form binds callback and arguments together
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio."""
        handle = _Timer(when, callback, args, self, context)
        heappush(self._timers, (when, self._order(), handle))
        return handle

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_soon(  # type: ignore[override]  # as above
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As in asyncio; a step of every task goes through here."""
        self._check_closed()  # type: ignore[attr-defined]
        handle = _Step(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def _run_once(self) -> None:
        ready = self._ready  # type: ignore[attr-defined]
        self._steps += 1
        if self._steps % _STEPS_BETWEEN_POLLS == 0:
            self._poll(0)
            if self._steps - self._steps_before > _MOST_STEPS_AT_AN_INSTANT and not self._threads_at_work:
                self._give_up()
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._wait()
        timers, now_s = self._timers, self._now_s
        while timers and timers[0][0] <= now_s:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001 - a call for each step
                handle._run()  # noqa: SLF001 - asyncio's own way

    def _wait(self) -> None:
        if self._threads_at_work:
            self._poll(None)  # a thread's result wakes the loop through its own pipe; until then time stands still
        elif self._timers:
            when_s = self._timers[0][0]
            if when_s > self._now_s:
                self._now_s, self._steps_before = when_s, self._steps
        elif not self._poll(0):
            waiting = "\n".join(f"  {task!r}" for task in asyncio.all_tasks(self))
            raise VirtualDeadlockError(f"virtual deadlock at {self._now_s:.6f} s; tasks that wait for ever:\n{waiting}")

    def _give_up(self) -> None:
        self._steps_before = self._steps  # what is cancelled now may take steps to end
        ready = [getattr(handle._callback, "__self__", None) for handle in self._ready]  # type: ignore[attr-defined]  # noqa: SLF001
        tasks = [one for one in ready if isinstance(one, asyncio.Task)]
        running = "\n".join(f"  {task.get_name()}: {_where(task)}" for task in dict.fromkeys(tasks))
        raise VirtualDeadlockError(
            f"virtual time stands still at {self._now_s:.6f} s: {_MOST_STEPS_AT_AN_INSTANT} steps at that instant, and "
            f"tasks still go round without waiting; `asyncio.sleep(0)` takes no time, `asyncio.sleep(0.1)` does; what "
            f"runs:\n{running}"
        )

    def _poll(self, timeout_s: float | None) -> bool:
        """Take in what came through real file descriptors."""
        events = self._selector.select(timeout_s)  # type: ignore[attr-defined]
        self._process_events(events)  # type: ignore[attr-defined]
        return bool(events)

    def run_in_executor(self, executor: Any, func: Callable[..., _T], *args: Any) -> asyncio.Future[_T]:  # type: ignore[override]
        """As in asyncio; time stands still until the thread is done."""
        self._threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own
        """As in asyncio, which waits for a thread of its own here."""
        self._threads_at_work += 1
        try:
            if sys.version_info >= (3, 12):
                await super().shutdown_default_executor(timeout)
            else:
                await super().shutdown_default_executor()
        finally:
            self._threads_at_work -= 1

    def _thread_done(self, _future: asyncio.Future[Any]) -> None:
        self._threads_at_work -= 1


def _where(task: asyncio.Task[Any]) -> str:
    """The lines at which a task is, from the outermost coroutine on; asyncio's own are left out."""
    lines, inner = [], cast("Any", task.get_coro())
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        if not frame.f_globals.get("__name__", "").startswith("asyncio."):
            lines.append(f"{inner.__qualname__} at {frame.f_code.co_filename}:{frame.f_lineno}")
        inner = inner.cr_await
    return ", ".join(lines) or repr(task)


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run` in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
