"""What a container's programs may take of the machine that simulates them.

A script that takes more memory ends as the kernel would end it; one that never waits is slowed down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MOST_BYTES = 32 * 1024 * 1024
# Steps are commands and the like. So many are free, then the container gets as many a second: a loop that waits for
# nothing must stop neither the clock nor the machine (the first 20,000 steps took half a second of CPU time here).
_FREE_STEPS, _STEPS_PER_S = 20_000, 200
_STEPS_AT_ONCE = 50
_AT_ONCE_S = 0.001
_ITEM_BYTES = 64  # what a word or a line costs beside its text


class OutOfMemoryError(RuntimeError):
    """A program took more than its container may have; the container ends."""


class Bounds:
    """Counts memory and steps of one container.

    Attributes:
        on_exceeded: ends the container; gets the reason.
    """

    __slots__ = ("_at_s", "_held_bytes", "_since_pause", "_steps_left", "on_exceeded")

    def __init__(self) -> None:
        self.on_exceeded: Callable[[str], None] = lambda _: None
        self._held_bytes = 0
        self._steps_left = float(_FREE_STEPS)
        self._since_pause = 0
        self._at_s = 0.0

    def hold(self, size_bytes: int) -> None:
        """More memory is in use (less, where negative).

        Raises:
            OutOfMemoryError: it is too much; the container ends.
        """
        self._held_bytes += size_bytes
        self.check(0)

    def check(self, size_bytes: int, items: int = 0) -> None:
        """Ask whether so much more would fit, before it is made; `items` are words or lines of it.

        Raises:
            OutOfMemoryError: it would not; the container ends.
        """
        if self._held_bytes + size_bytes + items * _ITEM_BYTES <= MOST_BYTES:
            return
        message = f"out of memory: the sandbox gives a container {MOST_BYTES >> 20} MiB for what its scripts hold"
        self.on_exceeded(message)
        raise OutOfMemoryError(message)

    def count(self, steps: int) -> None:
        """Something costs more than its one step, such as a new process."""
        self._since_pause += steps

    async def step(self, steps: int = 1) -> None:
        """Count what was done; after many steps some simulated time passes, so that a loop cannot stop the clock."""
        self._since_pause += steps
        if self._since_pause < _STEPS_AT_ONCE:
            return
        done, self._since_pause = self._since_pause, 0
        now_s = asyncio.get_running_loop().time()
        self._steps_left = min(_FREE_STEPS, self._steps_left + (now_s - self._at_s) * _STEPS_PER_S) - done
        self._at_s = now_s
        await asyncio.sleep(_AT_ONCE_S if self._steps_left > 0 else done / _STEPS_PER_S)
