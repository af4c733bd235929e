"""Lets another process reach the simulated network: UDP and TCP by frames on one websocket of the API server.

A frame is binary: what it is about (one letter), whose it is (a number of the client's choice, four bytes), the rest.

| letter | from the client | from here |
|---|---|---|
| `U` | open a UDP port to `ADDRESS PORT` | |
| `T` | connect by TCP to `ADDRESS PORT` | connected |
| `D` | a datagram, or a piece of the stream | the same |
| `E` | the end of the client's stream | the end of the other stream |
| `C` | close it | it is closed |
| `X` | | it failed: an errno |
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import struct
from collections.abc import Callable

from aiohttp import WSMsgType, web

from kubesim.network import UdpPort
from kubesim.vantage import Vantage

PATH = "/kubesim/relay"
_HEAD = struct.Struct(">cI")
_MOST_BYTES = 1 << 20
_HEARTBEAT_S = 20.0
_HIGHEST_PORT = 65535

_Say = Callable[[bytes, int, bytes], None]


class Relay:
    """Serves one client's websocket.

    Args:
        vantage: the place on the simulated network that the client stands at.
    """

    def __init__(self, vantage: Vantage) -> None:
        self._vantage = vantage
        self._open: dict[int, _Ended] = {}
        self._dialling: dict[int, asyncio.Task[None]] = {}
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Until the client leaves."""
        socket = web.WebSocketResponse(max_msg_size=_MOST_BYTES, heartbeat=_HEARTBEAT_S)
        await socket.prepare(request)
        sending = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY and len(message.data) >= _HEAD.size:
                    letter, number = _HEAD.unpack_from(message.data)
                    self._take(letter, number, message.data[_HEAD.size :])
        finally:
            sending.cancel()
            for task in self._dialling.values():
                task.cancel()
            for one in tuple(self._open.values()):
                one.abort()
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        try:
            while True:
                await socket.send_bytes(await self._outgoing.get())
        except ConnectionResetError:
            return  # the client has left; `serve` sees it too

    def _say(self, letter: bytes, number: int, rest: bytes = b"") -> None:
        self._outgoing.put_nowait(_HEAD.pack(letter, number) + rest)

    def _fail(self, number: int, exc: OSError) -> None:
        self._say(b"X", number, str(exc.errno or errno.EIO).encode())

    def _take(self, letter: bytes, number: int, rest: bytes) -> None:
        one = self._open.get(number)
        if letter in (b"U", b"T") and one is None and number not in self._dialling:
            self._dial(letter, number, rest)
        elif letter == b"C":
            if (task := self._dialling.pop(number, None)) is not None:
                task.cancel()
            if one is not None:
                del self._open[number]
                one.close()
        elif one is not None and letter == b"D":
            one.send(rest)
        elif one is not None and letter == b"E":
            one.send_eof()

    def _dial(self, letter: bytes, number: int, rest: bytes) -> None:
        try:
            address, port = _target(rest)
            if letter == b"U":
                datagrams = _Datagrams(number, self._say, self._fail)
                datagrams.port = self._vantage.open_udp(address, port, datagrams)
                self._open[number] = datagrams
                return
        except OSError as exc:
            self._fail(number, exc)
            return
        self._dialling[number] = asyncio.create_task(self._connect(number, address, port))

    async def _connect(self, number: int, address: str, port: int) -> None:
        stream = _Stream(number, self._say, lambda: self._open.pop(number, None))
        try:
            await self._vantage.open_tcp(lambda: stream, address, port)
        except OSError as exc:
            self._fail(number, exc)
        else:
            self._open[number] = stream
            self._say(b"T", number)
            stream.begin()
        finally:
            self._dialling.pop(number, None)


def _target(text: bytes) -> tuple[str, int]:
    """Raises OSError: it is no address and port."""
    address, _, port = text.decode("ascii", "replace").partition(" ")
    try:
        ipaddress.ip_address(address)
        number = int(port)
    except ValueError as exc:
        raise OSError(errno.EINVAL, f"{address} {port} is no address and port") from exc
    if not 0 < number <= _HIGHEST_PORT:
        raise OSError(errno.EINVAL, f"{number} is no port")
    return address, number


class _Ended:
    """What a number stands for."""

    def send(self, data: bytes) -> None:
        """To the other side."""
        raise NotImplementedError

    def send_eof(self) -> None:
        """Nothing more comes from the client."""

    def close(self) -> None:
        """The client has closed it."""
        raise NotImplementedError

    def abort(self) -> None:
        """The client has gone."""
        self.close()


class _Datagrams(_Ended):
    port: UdpPort

    def __init__(self, number: int, say: _Say, fail: Callable[[int, OSError], None]) -> None:
        self._number = number
        self._say = say
        self._fail = fail

    def datagram(self, data: bytes) -> None:
        self._say(b"D", self._number, data)

    def error(self, exc: OSError) -> None:
        self._fail(self._number, exc)

    def send(self, data: bytes) -> None:
        self.port.send(data)

    def close(self) -> None:
        self.port.close()


class _Stream(_Ended, asyncio.Protocol):
    """A connection; what comes before the client knows of it waits, so that nothing overtakes `T`."""

    def __init__(self, number: int, say: _Say, forget: Callable[[], object]) -> None:
        self._number = number
        self._say_now = say
        self._forget = forget
        self._early: list[tuple[bytes, bytes]] | None = []
        self._transport: asyncio.Transport

    def begin(self) -> None:
        """The client knows."""
        early, self._early = self._early or [], None
        for letter, rest in early:
            self._say(letter, rest)

    def _say(self, letter: bytes, rest: bytes = b"") -> None:
        if self._early is not None:
            self._early.append((letter, rest))
        else:
            self._say_now(letter, self._number, rest)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - the network makes no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._say(b"D", data)

    def eof_received(self) -> bool:
        self._say(b"E")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        number = exc.errno if isinstance(exc, OSError) else None
        self._say(*((b"X", str(number).encode()) if number else (b"C",)))
        self._forget()

    def send(self, data: bytes) -> None:
        self._transport.write(data)

    def send_eof(self) -> None:
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()
