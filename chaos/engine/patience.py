"""How long a clean-up goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from chaos.clock import RunClock

T = TypeVar("T")
# An API server that is replaced, or a network that is mended, takes minutes.
CLEANUP_WITHIN_S = 300.0
# Whoever sent a signal waits for the process to end.
AFTER_SIGNAL_S = 60.0


class Patience:
    """Seconds that are left of it, which a signal makes fewer.

    Args:
        within_s: from now on.
    """

    def __init__(self, clock: RunClock, within_s: float = CLEANUP_WITHIN_S) -> None:
        self.clock = clock
        self._until_s = clock.now_s() + within_s
        self._began_s = clock.now_s()
        self._timeout: asyncio.Timeout | None = None

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return max(0.0, self._until_s - self.clock.now_s())

    @property
    def spent_s(self) -> float:
        """Seconds since it began."""
        return self.clock.now_s() - self._began_s

    def shorten(self, within_s: float = AFTER_SIGNAL_S) -> None:
        """It ends so soon, if it did not end before."""
        self._until_s = min(self._until_s, self.clock.now_s() + within_s)
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(min(self._timeout.when() or self._ends_s, self._ends_s))

    @property
    def _ends_s(self) -> float:
        return self.clock.zero_s + self._until_s

    async def attempt(self, doing: Coroutine[Any, Any, T], turns: int = 1) -> T:
        """Await it, until patience ends; once it has, nothing is begun any more.

        Args:
            doing: what is awaited.
            turns: that are to share what is left, this one among them.

        Raises:
            TimeoutError: that came first.
        """
        if not self.left_s:
            doing.close()
            raise TimeoutError
        try:
            ends_s = self._ends_s - self.left_s * (1 - 1 / turns)
            async with asyncio.timeout_at(ends_s) as self._timeout:
                return await doing
        finally:
            self._timeout = None
