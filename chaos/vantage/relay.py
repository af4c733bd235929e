"""From a place on the network of a served practice cluster (`chaos sandbox`), whose pods no other process can reach.

Its API server relays UDP and TCP on one websocket. A frame is binary: what it is about (one letter), whose it is (four
bytes), the rest. `U` and `T` open to ``ADDRESS PORT``, `D` is data, `E` ends a stream, `C` closes, `X` is an errno.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import struct
from collections.abc import Callable
from typing import Any, Protocol

from chaos.vantage.base import UdpPort, UdpReceiver

_HEAD = struct.Struct(">cI")


class Frames(Protocol):
    """A websocket, as far as it is needed here."""

    closed: bool

    async def send_bytes(self, data: bytes) -> None:
        """One frame."""

    async def receive(self) -> Any:
        """The next message; its `data` is bytes, else the websocket is over."""


class RelayVantage:
    """UDP and TCP through a relay. Run `carry` beside what uses it."""

    name = "local"

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._numbers = itertools.count(1)
        self._ends: dict[int, _UdpEnd | _TcpEnd] = {}
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._over = False

    def random_16_bits(self) -> int:
        """See `chaos.vantage.base.Vantage.random_16_bits`."""
        return int.from_bytes(os.urandom(2))

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """See `chaos.vantage.base.Vantage.open_udp`."""
        self._check_up()
        end = _UdpEnd(self, next(self._numbers), receiver)
        self._ends[end.number] = end
        self.say(b"U", end.number, f"{address} {port}".encode())
        return end

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """See `chaos.vantage.base.Vantage.open_tcp`."""
        self._check_up()
        end = _TcpEnd(self, next(self._numbers), (address, port))
        self._ends[end.number] = end
        self.say(b"T", end.number, f"{address} {port}".encode())
        try:
            await end.connected
        except BaseException:
            self.forget(end.number)
            self.say(b"C", end.number)
            raise
        end.begin(factory())
        return end

    def _check_up(self) -> None:
        if self._over:
            raise OSError(errno.ENETUNREACH, "the practice cluster's relay is gone")

    def say(self, letter: bytes, number: int, rest: bytes = b"") -> None:
        """Send a frame, in the order of the calls."""
        self._outgoing.put_nowait(_HEAD.pack(letter, number) + rest)

    def forget(self, number: int) -> None:
        """Nobody waits for it any more."""
        self._ends.pop(number, None)

    async def carry(self) -> None:
        """Carry frames until the websocket is over; then nothing can be reached any more."""
        sending = asyncio.create_task(self._send())
        try:
            while isinstance(data := (await self._frames.receive()).data, bytes):
                letter, number = _HEAD.unpack_from(data)
                if (end := self._ends.get(number)) is not None:
                    end.take(letter, data[_HEAD.size :])
        finally:
            self._over = True
            sending.cancel()
            for end in tuple(self._ends.values()):
                end.take(b"X", str(errno.ENETUNREACH).encode())

    async def _send(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # it broke, as `carry` hears too
            while not self._frames.closed:
                await self._frames.send_bytes(await self._outgoing.get())


def _error(rest: bytes) -> OSError:
    number = int(rest) if rest.isdigit() else errno.EIO
    return OSError(number, os.strerror(number))


class _UdpEnd:
    def __init__(self, relay: RelayVantage, number: int, receiver: UdpReceiver) -> None:
        self.number = number
        self._relay = relay
        self._receiver = receiver

    def take(self, letter: bytes, rest: bytes) -> None:
        if letter == b"D":
            self._receiver.datagram(rest)
        elif letter == b"X":
            self._receiver.error(_error(rest))

    def send(self, payload: bytes) -> None:
        self._relay.say(b"D", self.number, payload)

    def close(self) -> None:
        self._relay.forget(self.number)
        self._relay.say(b"C", self.number)


class _TcpEnd(asyncio.Transport):
    """The client's end of a connection.

    Attributes:
        connected: done once it is made, or refused.
    """

    def __init__(self, relay: RelayVantage, number: int, target: tuple[str, int]) -> None:
        super().__init__({"peername": target})
        self.number = number
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._relay = relay
        self._protocol: asyncio.BaseProtocol | None = None
        self._early: list[tuple[bytes, bytes]] = []
        self._closing = False

    def begin(self, protocol: asyncio.Protocol) -> None:
        """Hand over to whoever connected, with what came meanwhile."""
        self._protocol = protocol
        protocol.connection_made(self)
        early, self._early = self._early, []
        for letter, rest in early:
            self.take(letter, rest)

    def take(self, letter: bytes, rest: bytes) -> None:
        """A frame about this connection."""
        if not self.connected.done():
            if letter == b"T":
                self.connected.set_result(None)
            else:
                self.connected.set_exception(_error(rest))
        elif self._protocol is None:
            self._early.append((letter, rest))
        elif letter == b"D" and not self._closing:
            assert isinstance(self._protocol, asyncio.Protocol)  # noqa: S101 - `begin` takes no other
            self._protocol.data_received(rest)
        elif letter == b"E" and not self._closing:
            assert isinstance(self._protocol, asyncio.Protocol)  # noqa: S101 - see above
            if not self._protocol.eof_received():
                self.close()
        elif letter in (b"C", b"X"):
            self._lose(_error(rest) if letter == b"X" else None)

    def _lose(self, exc: OSError | None) -> None:
        self._closing = True
        self._relay.forget(self.number)
        if (protocol := self._protocol) is not None:
            asyncio.get_running_loop().call_soon(protocol.connection_lost, exc)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._closing:
            self._relay.say(b"D", self.number, bytes(data))

    def write_eof(self) -> None:
        self._relay.say(b"E", self.number)

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self._closing:
            self._relay.say(b"C", self.number)
            self._lose(None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        if self._protocol is None:
            raise RuntimeError("it is not connected yet")
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Everything is taken at once."""

    def pause_reading(self) -> None:
        """What a practice cluster sends is little; it is not held back."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""

    def is_reading(self) -> bool:
        return not self._closing
