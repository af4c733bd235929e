"""TCP over 127.0.0.1: each listener has a socket with an ephemeral port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from kubesim.network.errors import refused
from kubesim.network.hosts import Hosts
from kubesim.network.listener import Listener, ServerFactory
from kubesim.network.ports import Ports
from kubesim.network.services import VANTAGE, Target

_LOOPBACK = "127.0.0.1"


class LoopbackTcp:
    """All TCP of one network."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hosts: Hosts) -> None:
        self._loop = loop
        self._ports: Ports[_Door] = Ports(hosts)
        self._doors: set[_Door] = set()

    async def listen(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        """See `Network.listen_tcp`."""
        self._ports.check((ip, port))
        door = _Door(ip, self._doors)
        door.server = await self._loop.create_server(lambda: Gate(factory(), door), _LOOPBACK, 0)
        self._doors.add(door)

        def close() -> None:
            self._ports.release((ip, port), door)
            door.close()

        def stop_accepting() -> None:
            self._ports.release((ip, port), door)
            door.server.close()

        self._ports.bind((ip, port), door)
        return Listener(ip, port, "TCP", close, stop_accepting)

    def accepts(self, target: Target) -> bool:
        """Whether somebody listens there."""
        return target in self._ports.bound

    async def connect(
        self,
        target: Target,
        factory: Callable[[], asyncio.Protocol],
        source: str = VANTAGE,  # noqa: ARG002  # nothing on 127.0.0.1 can have it
    ) -> asyncio.Transport:
        """Connect to the target's real socket; the server sees a loopback address, whatever the source.

        Raises:
            ConnectionRefusedError: nobody listens any more.
        """
        door = self._ports.bound.get(target)
        if door is None:
            raise refused()
        transport, _ = await self._loop.create_connection(factory, *door.server.sockets[0].getsockname())
        return transport

    def host_removed(self, ip: str) -> None:
        """Stall the host's connections."""
        self._ports.unplug(ip)
        for door in self._doors:
            if door.ip == ip:
                door.shut()

    def host_cut_off(self, ip: str) -> None:
        """Hold what is sent and received."""
        for door in self._doors:
            if door.ip == ip:
                door.hold()

    def host_rejoined(self, ip: str) -> None:
        """Let it go."""
        for door in self._doors:
            if door.ip == ip:
                door.release()

    def close(self) -> None:
        """Close every socket of the server side, stalled ones too."""
        for door in tuple(self._doors):
            door.abort()


class _Door:
    """A listening socket and the server's ends of its connections; `doors` has it until all of them are gone."""

    server: asyncio.Server

    def __init__(self, ip: str, doors: set[_Door]) -> None:
        self.ip = ip
        self._doors = doors
        self._gates: set[Gate] = set()

    def entered(self, gate: Gate) -> None:
        """A connection is made."""
        self._gates.add(gate)

    def left(self, gate: Gate) -> None:
        """A connection is over."""
        self._gates.discard(gate)
        self._forget_if_over()

    def shut(self) -> None:
        """The host is unplugged: connections stall."""
        for gate in self._gates:
            gate.shut()

    def hold(self) -> None:
        """The host is cut off: connections stall for a while."""
        for gate in self._gates:
            gate.hold()

    def release(self) -> None:
        """The host has rejoined."""
        for gate in tuple(self._gates):
            gate.release()

    def close(self) -> None:
        """Connections end with EOF; stalled ones stay."""
        self.server.close()
        for gate in tuple(self._gates):
            gate.close()
        self._forget_if_over()

    def abort(self) -> None:
        """Let go of every socket, stalled ones too."""
        self.server.close()
        for gate in tuple(self._gates):
            gate.abort()

    def _forget_if_over(self) -> None:
        if not self._gates and not self.server.is_serving():
            self._doors.discard(self)


class Gate(asyncio.Transport, asyncio.Protocol):
    """Stands between a server's protocol and its socket, so that an unplugged host falls silent instead of closing."""

    def __init__(self, inner: asyncio.Protocol, door: _Door) -> None:
        super().__init__()
        self._inner: asyncio.BaseProtocol = inner
        self._door = door
        self._open = True
        self._held: list[Callable[[], None]] | None = None
        self._transport: asyncio.Transport

    def shut(self) -> None:
        """Nothing passes from now on, in neither direction, not even an end."""
        self._open = False
        self._transport.pause_reading()

    def hold(self) -> None:
        """What is written waits, and nothing is read."""
        if self._held is None:
            self._held = []
            self._transport.pause_reading()

    def release(self) -> None:
        """Write what has waited, and read again."""
        held, self._held = self._held, None
        for send in held or ():
            send()
        if held is not None and self._open and not self._transport.is_closing():
            self._transport.resume_reading()

    # ---- to the server's protocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_server makes no other
        self._transport = transport
        self._door.entered(self)
        self._inner.connection_made(self)

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._inner, asyncio.Protocol)  # noqa: S101 - listen_tcp's type says so
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        assert isinstance(self._inner, asyncio.Protocol)  # noqa: S101 - listen_tcp's type says so
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.left(self)
        self._inner.connection_lost(exc)

    # ---- to the socket ----

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._held is not None:
            self._held.append(partial(self.write, bytes(data)))
        elif self._open:
            self._transport.write(data)

    def write_eof(self) -> None:
        if self._held is not None:
            self._held.append(self.write_eof)
        elif self._open:
            self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if self._held is not None:
            self._held.append(self.close)
        elif self._open:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        if self._open:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._open:
            self._transport.resume_reading()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner = protocol

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()
