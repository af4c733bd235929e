"""What a container writes to its standard streams, as `kubectl logs` shows it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from kubesim.simclock import SimClock

# The kubelet rotates at 10 Mi (containerLogMaxSize); here the oldest lines go one by one, and at most so many are kept.
_KEPT_LINES, _KEPT_CHARACTERS = 20_000, 10 * 1024 * 1024
_LONGEST_LINE = 256 * 1024


class Line(NamedTuple):
    """One line, without its newline. `at` is RFC 3339, in nanoseconds as the runtime writes it."""

    number: int
    at_s: float
    at: str
    text: str


class Log:
    """Lines of one run of a container, oldest first."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._lines: deque[Line] = deque()
        self._kept = 0
        self._rest = ""
        self._count = 0
        self._changed = asyncio.Event()
        self.closed = False

    def write(self, text: str) -> None:
        """Take what a program wrote; what has no newline yet waits for it."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._add(line)
        if len(self._rest) > _LONGEST_LINE:
            self._add(self._rest)
            self._rest = ""

    def close(self) -> None:
        """The container has ended."""
        if self._rest:
            self._add(self._rest)
            self._rest = ""
        self.closed = True
        self._wake()

    def lines(self, after: int = 0) -> list[Line]:
        """All that are kept, or those with a higher number."""
        return [line for line in self._lines if line.number > after]

    async def more(self) -> None:
        """Wait for the next line, or for the end."""
        if not self.closed:
            await self._changed.wait()

    def _add(self, text: str) -> None:
        self._count += 1
        at = self._clock.wall().strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        self._lines.append(Line(self._count, self._clock.now_s(), at, text))
        self._kept += len(text)
        while len(self._lines) > _KEPT_LINES or self._kept > _KEPT_CHARACTERS:
            self._kept -= len(self._lines.popleft().text)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class PassedLog(Log):
    """Of a program whose output goes where its caller's goes."""

    def __init__(self, clock: SimClock, out: Callable[[str], None]) -> None:
        super().__init__(clock)
        self._out = out

    def write(self, text: str) -> None:
        """Pass it on, unless it is over."""
        if not self.closed:
            self._out(text)
