"""Runs a method for as long as its experiment allows, and ends it then, whatever it does.

It is cancelled, and once more if it swallows that; then it is left where it waits and never goes on, so that the undo
is not held up. One that computes without ever awaiting lets nothing else run, not even this: a timer of the operating
system, in real time, raises an error inside it.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType
from typing import Any

# Clean-up of its own is a request or two; the run's is what counts.
_LAST_WORDS_S = 5.0
_CANCELLATIONS = 2
# A step that really computes takes milliseconds; a machine that is slow or asleep must not end a run.
BLOCKED_AT_LEAST_S = 10.0
_AGAIN_S = 1.0
# Coroutines that refused to end. They are kept alive on purpose: the garbage collector would resume them to close them.
_LEFT: list[Coroutine[Any, Any, None]] = []


class Over(StrEnum):
    """How a method ended."""

    by_itself = "by itself"
    ended = "ended"
    left = "left where it waits"


class BlockedError(BaseException):
    """Raised inside a method that lets nothing else run; no `except Exception` of it swallows this."""


async def run_at_most(
    method: Coroutine[Any, Any, None],
    limit_s: float,
    still_blocked: Callable[[], None] = lambda: None,
    over_time: Callable[[], None] = lambda: None,
) -> Over:
    """Run a method to its end, or to the end of its time.

    Args:
        method: what is run; what it raises by itself is raised here.
        limit_s: seconds of the loop's clock; in real time also those that one of its steps may take.
        still_blocked: called from within a step that goes on although it was to be ended.
        over_time: called when its time is over, while it still waits where it does.
    """
    steps = _Steps(method, max(limit_s, BLOCKED_AT_LEAST_S))
    task = asyncio.ensure_future(_awaiting(steps))
    with _bell(still_blocked):
        try:
            done, _ = await asyncio.wait([task], timeout=limit_s)
            if done:
                task.result()
                return Over.by_itself
            over_time()
        finally:
            await _end(task, steps)
    return Over.left if steps.left else Over.ended


async def _awaiting(steps: _Steps) -> None:
    await steps


async def _end(task: asyncio.Future[None], steps: _Steps) -> None:
    """Cancel it, and leave it where it waits in the end; what it still raises does not matter any more."""
    for _ in range(_CANCELLATIONS):
        if task.done():
            break
        task.cancel()
        await asyncio.wait([task], timeout=_LAST_WORDS_S)
    if not task.done():
        steps.left = True
        task.cancel()
        await asyncio.wait([task])
        steps.close()
    if not task.cancelled():
        task.exception()  # retrieved: asyncio complains of one that nobody asked for


class _Steps:
    """A coroutine, step by step, so that it can be left between two of them."""

    def __init__(self, method: Coroutine[Any, Any, None], blocked_s: float) -> None:
        self.method = method
        self.left = False
        self._loop = asyncio.get_running_loop()
        self._at_s, self._since_s = self._loop.time(), time.monotonic()
        # Python runs signal handlers in the main thread only, so the timer works there alone.
        self._blocked_s = blocked_s if threading.current_thread() is threading.main_thread() else 0.0

    def close(self) -> None:
        """Let go of what was left; one that holds on even to that stays where it is."""
        signal.setitimer(signal.ITIMER_REAL, self._blocked_s, _AGAIN_S)
        try:
            self.method.close()
        except BaseException:  # noqa: BLE001 - whatever it still raises: the run is over
            _LEFT.append(self.method)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _lets_no_time_pass(self) -> bool:
        """Whether it keeps awaiting what is done at once: virtual time stands still then, and no limit comes."""
        now_s = self._loop.time()
        if now_s != self._at_s:
            self._at_s, self._since_s = now_s, time.monotonic()
        return bool(self._blocked_s) and time.monotonic() - self._since_s > self._blocked_s

    def __await__(self) -> Generator[Any, Any, None]:
        thrown: BaseException | None = None
        while True:
            signal.setitimer(signal.ITIMER_REAL, self._blocked_s, _AGAIN_S)
            try:
                waited_for = self.method.send(None) if thrown is None else self.method.throw(thrown)
            except StopIteration:
                return
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            thrown = BlockedError() if self._lets_no_time_pass() else None
            if thrown is not None:
                continue
            try:
                yield waited_for
            except BaseException as exc:
                if self.left:
                    raise
                thrown = exc


@contextmanager
def _bell(still_blocked: Callable[[], None]) -> Generator[None]:
    """While the timer of a step rings, BlockedError is raised in it, again and again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    rung = 0

    def ring(_signal: int, _frame: FrameType | None) -> None:
        nonlocal rung
        rung += 1
        if rung > 1:
            still_blocked()
        raise BlockedError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def waits_at(coroutine: Any) -> list[tuple[str, int]]:
    """File and line at which a coroutine waits, the outermost first; empty for one that is over."""
    found = []
    while coroutine is not None:
        frame = next((f for name in _FRAMES if (f := getattr(coroutine, name, None)) is not None), None)
        if frame is not None:
            found.append((frame.f_code.co_filename, frame.f_lineno))
        coroutine = next((c for name in _AWAITED if (c := getattr(coroutine, name, None)) is not None), None)
    return found


_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")
