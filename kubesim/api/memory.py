"""HTTP without the kernel: an aiohttp connector whose connections end at a server protocol in the same event loop.

In virtual time nothing may travel through a socket (see `kubesim.virtual`). Both of aiohttp's protocols stay as
they are; only the transport between them is ours: each flush arrives after one drawn latency, in order.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

_HIGH_WATER_BYTES = 256 * 1024
_LOW_WATER_BYTES = 64 * 1024
_CLIENT_PORTS_FROM = 40000


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory.

    Args:
        protocol: whose end it is.
        latency_s: draws the one-way latency of a flush.
        names: (own address, the other end's).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        latency_s: Callable[[], float],
        names: tuple[tuple[str, int], tuple[str, int]],
    ) -> None:
        super().__init__({"sockname": names[0], "peername": names[1]})
        self._loop = loop
        self._protocol: asyncio.BaseProtocol = protocol
        self._latency_s = latency_s
        self._peer: MemoryTransport | None = None
        self._closing = False
        self._lost = False
        self._outgoing: list[bytes] = []
        self._underway_bytes = 0
        self._arrives_s = 0.0
        self._writing_paused = False
        self._reading_paused = False
        self._arrived: list[bytes | None] = []

    def pair(self, peer: MemoryTransport) -> None:
        """Connect both ends, and tell both protocols."""
        self._peer, peer._peer = peer, self
        for end in (self, peer):
            end.get_protocol().connection_made(end)

    # ---- writing ----

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._lost or not data:
            return
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(bytes(data))
        self._underway_bytes += len(data)
        if self._underway_bytes > _HIGH_WATER_BYTES and not self._writing_paused:
            self._writing_paused = True
            self._protocol.pause_writing()

    def _flush(self) -> None:
        if self._outgoing:
            data, self._outgoing = b"".join(self._outgoing), []
            self._send(data)

    def _send(self, data: bytes | None) -> None:
        """Let data, or the end of the stream (None), arrive at the peer after what was sent before."""
        self._arrives_s = max(self._arrives_s, self._loop.time() + self._latency_s())
        self._loop.call_at(self._arrives_s, self._deliver, data)

    def _deliver(self, data: bytes | None) -> None:
        if self._peer is not None:
            self._peer.receive(data)

    def taken(self, count: int) -> None:
        """The other end's protocol took that many bytes: there is room for more."""
        self._underway_bytes -= count
        if self._writing_paused and self._underway_bytes <= _LOW_WATER_BYTES and not self._lost:
            self._writing_paused = False
            self._protocol.resume_writing()

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self._underway_bytes

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return _LOW_WATER_BYTES, _HIGH_WATER_BYTES

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The limits are fixed."""

    # ---- reading ----

    def receive(self, data: bytes | None) -> None:
        """Something from the other end; None for its end of the stream."""
        if self._lost:
            return
        self._arrived.append(data)
        self._read()

    def _read(self) -> None:
        while self._arrived and not self._reading_paused and not self._lost:
            data = self._arrived.pop(0)
            if data is None:
                self._lose(None)
            elif isinstance(self._protocol, asyncio.Protocol):
                if not self._closing:
                    self._protocol.data_received(data)
                if self._peer is not None:
                    self._peer.taken(len(data))

    def pause_reading(self) -> None:
        self._reading_paused = True

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._loop.call_soon(self._read)

    def is_reading(self) -> bool:
        return not self._reading_paused and not self._closing

    # ---- the end ----

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._flush()
            self._send(None)
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self._outgoing.clear()
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def _lose(self, exc: Exception | None) -> None:
        if not self._lost:
            self._lost = self._closing = True
            self._protocol.connection_lost(exc)


class MemoryConnector(aiohttp.BaseConnector):
    """An aiohttp connector, every connection of which ends at one server in this process.

    Args:
        accept: makes the server's protocol for a new connection.
        latency_s: draws the one-way latency of a flush, seconds.
        refuses: whether the next request finds nobody who listens; one on a connection that is open already, too.
    """

    def __init__(
        self, accept: Callable[[], asyncio.Protocol], latency_s: Callable[[], float], refuses: Callable[[], bool] = bool
    ) -> None:
        # keepalive_timeout would be measured with time.monotonic(), which does not follow virtual time.
        super().__init__(keepalive_timeout=None, limit=0)
        self._accept = accept
        self._latency_s = latency_s
        self._refuses = refuses
        self._ports = _CLIENT_PORTS_FROM

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's
        """A connection for a request.

        Raises:
            aiohttp.ClientConnectorError: it is refused.
        """
        if self._refuses():
            refusal = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
            raise aiohttp.ClientConnectorError(req.connection_key, refusal)
        return await super().connect(req, traces, timeout)

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ARG002, ASYNC109  # aiohttp's
        await asyncio.sleep(2 * self._latency_s())  # the handshake: one round trip
        loop = asyncio.get_running_loop()
        client = ResponseHandler(loop)
        server = self._accept()
        self._ports += 1
        names = (("127.0.0.1", self._ports), ("127.0.0.1", req.port or 0))
        near = MemoryTransport(loop, client, self._latency_s, names)
        near.pair(MemoryTransport(loop, server, self._latency_s, (names[1], names[0])))
        return client
