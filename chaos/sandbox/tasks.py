"""One owner for all tasks of the sandbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Tasks:
    """A task group with a start and a stop.

    An error in any task, or one handed to `fail`, cancels all of them, is logged, and kept in `error`.

    Args:
        on_failure: called once, with the first error.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        self.error: BaseException | None = None
        self._on_failure = on_failure
        self._group: asyncio.TaskGroup | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """Open the group."""
        self._keeper = asyncio.create_task(self._keep(), name="sandbox")
        await self._opened.wait()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the group; one that comes after the end is dropped."""
        if self._group is None or self._stop.is_set():
            work.close()
            return
        self._group.create_task(work)

    def fail(self, error: BaseException) -> None:
        """Keep the first error and end everything."""
        self._stop.set()
        if self.error is None:
            self.error = error
            _log.error("the sandbox has failed and stops working", exc_info=error)
            self._on_failure()

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
            self.fail(errors.exceptions[0])
        finally:
            self._group = None

    async def _cancel_when_stopped(self) -> None:
        await self._stop.wait()
        raise _StoppedError  # ends the group, which cancels the others and waits for them


class _StoppedError(Exception):
    """The sandbox is being stopped."""
