"""A TCP relay on loopback that resets connections, before a request has passed it or in the middle of an answer."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from contextlib import suppress

_LATE_S = (0.2, 3.0)
_CHUNK_BYTES = 65536
# A close with these options sends RST.
_AT_ONCE = struct.pack("ii", 1, 0)


class UnsteadyRelay:
    """Stands between a client and a server.

    Args:
        port: of the server, on loopback.
        share: of requests to which something happens.

    Attributes:
        port: to connect to, once it serves.
        happened: how often what did.
    """

    def __init__(self, port: int, share: float, seed: object) -> None:
        self.port = 0
        self.happened: Counter[str] = Counter()
        self.share = share
        self._to = port
        self._rng = random.Random(f"relay/{seed}")
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Serve on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """No new connections."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
            cutting = asyncio.Event()  # the next bytes of an answer are the last
            try:
                async with asyncio.TaskGroup() as group:
                    answers = group.create_task(self._answers(there, writer, cutting))
                    await self._requests(reader, back, writer, cutting)
                    answers.cancel()
            except* OSError:
                pass
            finally:
                back.close()
        writer.close()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        cutting: asyncio.Event,
    ) -> None:
        """What a client sends at once is a request here."""
        while data := await reader.read(_CHUNK_BYTES):
            if self._rng.random() < self.share:
                what = self._rng.choice(("reset", "reset in the answer", "late"))
                self.happened[what] += 1
                if what == "late":
                    await asyncio.sleep(self._rng.uniform(*_LATE_S))
                elif what == "reset":
                    _reset(writer)
                    return
                else:
                    cutting.set()
            back.write(data)
            await back.drain()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, cutting: asyncio.Event) -> None:
        while data := await there.read(_CHUNK_BYTES):
            if cutting.is_set():
                writer.write(data[: len(data) // 2])
                await asyncio.sleep(0.01)
                _reset(writer)
                return
            writer.write(data)
            await writer.drain()
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()
