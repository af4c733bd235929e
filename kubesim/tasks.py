"""One owner for all tasks of the simulated cluster."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Tasks:
    """A task group with a start and a stop.

    An error in any task, or where `strict` one handed to `fail`, cancels all of them, is logged, and kept in `error`.

    Args:
        on_failure: called once, after the first error that ends everything.
        strict: whether what is handed to `fail` ends everything; else it is only logged, in one line.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None, *, strict: bool = True) -> None:
        self.error: BaseException | None = None
        self._strict = strict
        self._on_failure = [on_failure]
        self._group: asyncio.TaskGroup | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """Open the group."""
        self._keeper = asyncio.create_task(self._keep(), name="sandbox")
        await self._opened.wait()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call after the first error that ends everything, too; returns what ends that."""
        self._on_failure.append(callback)
        return lambda: self._on_failure.remove(callback)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the group; one that comes after the end is dropped."""
        if self._group is None or self._stop.is_set():
            work.close()
            return
        self._group.create_task(work)

    def fail(self, error: BaseException) -> None:
        """Take an error that whoever met it can survive; a strict group does not."""
        if self._strict:
            self._end(error)
        else:
            _log.error("the sandbox goes on after an error: %s", _in_one_line(error))

    def _end(self, error: BaseException) -> None:
        self._stop.set()
        if self.error is None:
            self.error = error
            _log.error("the sandbox has failed and stops working", exc_info=error)
            for callback in tuple(self._on_failure):
                callback()

    async def stop(self) -> None:
        """Cancel all tasks and wait for them."""
        self._stop.set()
        if self._keeper is not None:
            await self._keeper

    async def _keep(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._opened.set()
                group.create_task(self._cancel_when_stopped())
        except* _StoppedError:
            pass
        except* Exception as errors:  # noqa: BLE001  # kept, not lost
            self._end(errors.exceptions[0])
        finally:
            self._group = None

    async def _cancel_when_stopped(self) -> None:
        await self._stop.wait()
        raise _StoppedError  # ends the group, which cancels the others and waits for them


def _in_one_line(error: BaseException) -> str:
    where = [f"at {frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-1:]]
    return "; ".join([repr(error), *where, *getattr(error, "__notes__", ())])


class _StoppedError(Exception):
    """The simulated cluster is being stopped."""
