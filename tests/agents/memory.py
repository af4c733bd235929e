"""An agent in this process, at the other end of a stream that behaves as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from chaos.agents.pod.program import Program
from chaos.agents.pod.skew import Skew, SkewedClock
from chaos.errors import ApiError
from chaos.vantage import Vantage


class Agent:
    """The program of an agent's pod, without the pod.

    Attributes:
        streams: opened so far, the newest last.
        down: why no stream can be opened; empty while one can.
    """

    def __init__(self, vantage: Vantage, skew: Skew, delay_s: Callable[[], float]) -> None:
        loop = asyncio.get_running_loop()
        self.streams: list[MemoryStream] = []
        self.down = ""
        self.program = Program(SkewedClock(loop, skew), vantage, {"python": "3.11.0"})
        self._delay_s = delay_s
        self._task = loop.create_task(self.program.run())

    async def open(self) -> MemoryStream:
        if self.down:
            raise ApiError(self.down)
        stream = MemoryStream(self.program, self._delay_s)
        self.streams.append(stream)
        return stream

    async def end(self) -> None:
        self.program.end()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()


class MemoryStream:
    """Carries lines with a random delay each way, in order, until it is cut; what is under way then is lost."""

    def __init__(self, program: Program, delay_s: Callable[[], float]) -> None:
        self.bytes_sent = 0
        self.bytes_received = 0
        self._program = program
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        self._latest_s = [0.0, 0.0]
        self._why = ""

    async def send(self, line: bytes) -> None:
        if self._why:
            raise ApiError(self._why)
        self.bytes_sent += len(line)
        self._loop.call_at(self._due_s(0), self._there, line)

    def _there(self, line: bytes) -> None:
        if not self._why:
            self._program.receive(line, self._reply)

    def _reply(self, line: bytes) -> None:
        self._loop.call_at(self._due_s(1), self._here, line)

    def _here(self, line: bytes) -> None:
        if not self._why:
            self.bytes_received += len(line)
            self._arrived.put_nowait((self._loop.time(), line))

    def _due_s(self, way: int) -> float:
        due_s = max(self._latest_s[way], self._loop.time() + self._delay_s())
        self._latest_s[way] = due_s
        return due_s

    def cut(self, why: str = "cut by a test") -> None:
        """Nothing goes through any more, in either direction."""
        self._why = why
        self._arrived.put_nowait(None)

    async def lines(self) -> AsyncIterator[tuple[float, bytes]]:
        while (item := await self._arrived.get()) is not None:
            yield item

    def why(self) -> str:
        return self._why

    async def close(self) -> None:
        if not self._why:
            self.cut("closed")
