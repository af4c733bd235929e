"""A connection without the kernel: two transports in one event loop, between which everything takes a drawn latency.

In virtual time nothing may travel through a socket (see `kubesim.virtual`). The protocols at both ends, of asyncio or
of aiohttp, stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

_HIGH_WATER_BYTES = 256 * 1024
_LOW_WATER_BYTES = 64 * 1024

Address = tuple[str, int]


class MemoryTransport(asyncio.Transport):
    """One end of a connection. Segments arrive in order and are never lost; an end that closes, closes both.

    `PodTransport` is one between hosts that may vanish or be cut off from each other.

    Args:
        protocol: whose end it is.
        one_way_s: draws the latency of a segment.
        own: the address of this end.
        other: the address of the other one.
        gathers: whether all that is written in one step of the loop is one segment.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        one_way_s: Callable[[], float],
        own: Address,
        other: Address,
        *,
        gathers: bool = False,
    ) -> None:
        super().__init__({"sockname": own, "peername": other})
        self._loop = loop
        self._protocol: asyncio.BaseProtocol = protocol
        self._one_way_s = one_way_s
        self._gathers = gathers
        self._peer: Self
        self._closing = False
        self._lost = False
        self._eof_sent = False
        self._outgoing: list[bytes] = []
        self._underway_bytes = 0
        self._arrives_s = 0.0
        self._writing_paused = False
        self._reading_paused = False
        self._arrived: list[bytes | None] = []

    def join(self, peer: Self) -> None:
        """Connect both ends; their protocols are told by `start`."""
        self._peer, peer._peer = peer, self

    def start(self) -> None:
        """Tell the protocol that the connection is made."""
        self._protocol.connection_made(self)

    # ---- writing ----

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not data or self._eof_sent or self._closing:
            return
        if not self._gathers:
            self._send(bytes(data))
        else:
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

    def _send(self, segment: bytes | None) -> None:
        """Let a segment, or the end of the stream (None), arrive at the other end after what was sent before."""
        self._arrives_s = max(self._arrives_s, self._loop.time() + self._one_way_s())
        self._loop.call_at(self._arrives_s, self._peer.receive, segment)

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

    def receive(self, segment: bytes | None) -> None:
        """Something from the other end; None for its end of the stream."""
        if self._lost:
            self._came_too_late(segment)
        elif self._reading_paused or self._arrived:
            self._arrived.append(segment)
        else:
            self._take(segment)

    def _take(self, segment: bytes | None) -> None:
        if segment is None:
            self._ended()
            return
        protocol = self._protocol
        if not isinstance(protocol, asyncio.Protocol):
            raise TypeError(f"the simulated network cannot feed a {type(protocol).__name__}; use asyncio.Protocol")
        if not self._closing:
            try:
                protocol.data_received(segment)
            except Exception as exc:  # noqa: BLE001 - whatever it is, as asyncio's own transports do
                self._fail(exc)
        self._peer.taken(len(segment))

    def _fail(self, exc: Exception) -> None:
        """The protocol is broken: say so with its traceback, and end the connection."""
        message = "Fatal error: protocol.data_received() call failed."
        context = {"message": message, "exception": exc, "transport": self, "protocol": self._protocol}
        self._loop.call_exception_handler(context)
        self.abort()

    def _came_too_late(self, segment: bytes | None) -> None:
        """This end is closed already."""

    def _ended(self) -> None:
        """The other end has closed, so this one is closed as well."""
        self._closing = self._lost = True
        self._protocol.connection_lost(None)

    def pause_reading(self) -> None:
        self._reading_paused = True

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._loop.call_soon(self._take_what_waits)

    def _take_what_waits(self) -> None:
        while self._arrived and not self._reading_paused and not self._lost:
            self._take(self._arrived.pop(0))

    def is_reading(self) -> bool:
        return not self._reading_paused and not self._closing

    # ---- the end ----

    def close(self) -> None:
        if not self._closing:
            self._flush()
            if not self._eof_sent:
                self._eof_sent = True
                self._send(None)
            self._lose(None)

    def abort(self) -> None:
        self._outgoing.clear()
        self.close()

    def _lose(self, exc: Exception | None) -> None:
        self._closing = self._lost = True
        self._loop.call_soon(self._protocol.connection_lost, exc)

    def is_closing(self) -> bool:
        return self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
