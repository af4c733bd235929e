"""How a pod's worker waits: for a time, for something to happen, and never longer than the pod may live."""

from __future__ import annotations

import asyncio


class StoppingError(Exception):
    """The pod is to be terminated; what was being done for it is given up."""


class Waiting:
    """Waits that a stop interrupts. One coroutine waits at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None
        self.stopping = False

    def stop(self) -> None:
        """Interrupt this wait and all later ones."""
        self.stopping = True
        self.wake()

    def wake(self) -> None:
        """Something happened: let the waiting coroutine look."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    async def sleep(self, until_s: float | None, *, stoppable: bool = True) -> None:
        """Wait until the loop's time `until_s` (None: for ever), or until woken before.

        Raises:
            StoppingError: the pod is to be terminated, and `stoppable`.
        """
        self._check(stoppable=stoppable)
        self._future = self._loop.create_future()
        timer = None if until_s is None else self._loop.call_at(until_s, self.wake)
        try:
            await self._future
        finally:
            if timer is not None:
                timer.cancel()
        self._check(stoppable=stoppable)

    async def pause(self, delay_s: float) -> None:
        """Wait that long; woken early only by being stopped.

        Raises:
            StoppingError: the pod is to be terminated.
        """
        until_s = self._loop.time() + delay_s
        while self._loop.time() < until_s:
            await self.sleep(until_s)

    async def for_ever(self) -> None:
        """Wait for the stop.

        Raises:
            StoppingError: it came.
        """
        while True:
            await self.sleep(None)

    def _check(self, *, stoppable: bool) -> None:
        if stoppable and self.stopping:
            raise StoppingError
