"""TCP in memory: two transports joined by packets in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from kubesim.network.errors import refused, reset, timed_out
from kubesim.network.hosts import Host, Hosts
from kubesim.network.listener import Listener, ServerFactory
from kubesim.network.ports import Ports
from kubesim.network.services import VANTAGE, Target

# Linux sends a segment again after 200 ms, then after twice as long each time, at most 120 s; with
# net.ipv4.tcp_retries2 = 15 it gives up after 924.6 s.
_FIRST_RETRANSMIT_S, _LAST_RETRANSMIT_S, _RETRANSMITS_FOR_S = 0.2, 120.0, 924.6
_FIRST_EPHEMERAL_PORT = 32768  # Linux's net.ipv4.ip_local_port_range


class MemoryTcp:
    """All TCP of one network."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hosts: Hosts, one_way_s: Callable[[], float]) -> None:
        self.loop, self.hosts, self.one_way_s = loop, hosts, one_way_s
        self._ports: Ports[_Door] = Ports(hosts)
        self._next_port = count(_FIRST_EPHEMERAL_PORT).__next__
        self.stalled: dict[MemoryTransport, None] = {}

    async def listen(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        """See `Network.listen_tcp`."""
        door = _Door(factory)
        self._ports.bind((ip, port), door)

        def close() -> None:
            self._ports.release((ip, port), door)
            door.close()

        return Listener(ip, port, "TCP", close, lambda: self._ports.release((ip, port), door))

    def accepts(self, target: Target) -> bool:
        """Whether somebody listens there."""
        return target in self._ports.bound

    async def connect(
        self, target: Target, factory: Callable[[], asyncio.Protocol], source: str = VANTAGE
    ) -> MemoryTransport:
        """Join a client to a server at once; the caller has let the handshake's time pass.

        Raises:
            ConnectionRefusedError: nobody listens any more.
        """
        host = self.hosts.get(target[0])
        door = self._ports.bound.get(target)
        if door is None or host is None:
            raise refused()
        client_name = (source, self._next_port())
        server = MemoryTransport(self, host, door.factory(), target, client_name)
        client = MemoryTransport(self, self.hosts.get(source), factory(), client_name, target)
        server.join(client)
        client.join(server)
        door.connections[server] = None
        server.on_lost = door.forget
        server.start()
        client.start()
        return client

    def host_removed(self, ip: str) -> None:
        """New connects find no port; of open ones each packet asks for its host."""
        self._ports.unplug(ip)

    def host_cut_off(self, ip: str) -> None:
        """Each packet asks whether it passes."""

    def host_rejoined(self, ip: str) -> None:
        """What was lost meanwhile is sent again when its sender's timer fires."""
        for transport in tuple(self.stalled):
            if ip in transport.addresses:
                transport.send_again()

    def close(self) -> None:
        """Nothing is held outside this process's memory."""


class _Door:
    """A listening port and the server's ends of its connections, in order of their making."""

    def __init__(self, factory: ServerFactory) -> None:
        self.factory = factory
        self.connections: dict[MemoryTransport, None] = {}

    def forget(self, transport: MemoryTransport) -> None:
        self.connections.pop(transport, None)

    def close(self) -> None:
        for transport in tuple(self.connections):
            transport.close()


class MemoryTransport(asyncio.Transport):
    """One end of a connection. Segments arrive in order and are never lost; buffers are unlimited.

    Args:
        host: where this end lives; None for the vantage, which is never unplugged.
    """

    def __init__(
        self, wire: MemoryTcp, host: Host | None, protocol: asyncio.Protocol, own: Target, peer: Target
    ) -> None:
        super().__init__({"sockname": own, "peername": peer})
        self._wire = wire
        self._host = host
        self._protocol: asyncio.BaseProtocol = protocol
        self._peer: MemoryTransport
        self._last_arrival_s = 0.0
        self._paused: list[bytes | None] | None = None
        self._closing = False
        self._lost = False
        self._eof_sent = False
        self._unanswered: list[tuple[Callable[[Any], None], bytes | None]] = []
        self._stalled_s = 0.0
        self._gives_up: asyncio.TimerHandle | None = None
        self.on_lost: Callable[[MemoryTransport], None] = lambda _: None

    @property
    def addresses(self) -> tuple[str, str]:
        """Of this end and of the other one."""
        return self.get_extra_info("sockname")[0], self.get_extra_info("peername")[0]

    def join(self, peer: MemoryTransport) -> None:
        """Say who the other end is."""
        self._peer = peer

    def start(self) -> None:
        """Tell the protocol that the connection is made."""
        self._protocol.connection_made(self)

    # ---- asyncio.Transport ----

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._lost and not self._eof_sent:
            self._send(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, 65536

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Writes never wait here."""

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self._send(None)

    def is_reading(self) -> bool:
        return self._paused is None and not self._closing

    def pause_reading(self) -> None:
        if self._paused is None:
            self._paused = []

    def resume_reading(self) -> None:
        held, self._paused = self._paused, None
        for segment in held or ():
            self._receive(segment)

    def close(self) -> None:
        if not self._closing:
            self.write_eof()
            self._lose(None)

    def abort(self) -> None:
        if not self._lost:
            self._send_reset()
            self._lose(None)

    # ---- packets ----

    def _plugged(self) -> bool:
        return self._host is None or self._wire.hosts.get(self._host.ip) is self._host

    def _send(self, segment: bytes | None) -> None:
        self._push(self._peer._receive, segment)  # noqa: SLF001 - the other end of the same connection

    def _send_reset(self) -> None:
        self._push(self._peer._reset, None)  # noqa: SLF001 - the other end of the same connection

    def _push(self, callback: Callable[[Any], None], argument: bytes | None) -> None:
        if not self._plugged():
            return
        if self._unanswered or not self._wire.hosts.reaches(*self.addresses):
            self._stall(callback, argument)
            return
        self._last_arrival_s = max(self._last_arrival_s, self._wire.loop.time() + self._wire.one_way_s())
        self._wire.loop.call_at(self._last_arrival_s, callback, argument)

    def _stall(self, callback: Callable[[Any], None], argument: bytes | None) -> None:
        """A segment is lost: keep it, and all that follow, until it can be sent again, or the kernel gives up."""
        if not self._unanswered:
            loop = self._wire.loop
            self._stalled_s = loop.time()
            self._gives_up = loop.call_later(_RETRANSMITS_FOR_S, self._give_up)
            self._wire.stalled[self] = None
        self._unanswered.append((callback, argument))

    def send_again(self) -> None:
        """The way may be free: use it at the next retransmission, whose interval doubles each time."""
        now_s = self._wire.loop.time()
        at_s, wait_s = self._stalled_s, _FIRST_RETRANSMIT_S
        while at_s < now_s:
            at_s += wait_s
            wait_s = min(2 * wait_s, _LAST_RETRANSMIT_S)
        self._wire.loop.call_at(at_s, self._flush)

    def _flush(self) -> None:
        if not self._unanswered or not self._wire.hosts.reaches(*self.addresses):
            return
        self._forget_stall()
        waiting, self._unanswered = self._unanswered, []
        for callback, argument in waiting:
            self._push(callback, argument)

    def _give_up(self) -> None:
        self._forget_stall()
        self._unanswered.clear()
        if not self._lost:
            self._lose(timed_out())

    def _forget_stall(self) -> None:
        self._wire.stalled.pop(self, None)
        if self._gives_up is not None:
            self._gives_up.cancel()
            self._gives_up = None

    def _receive(self, segment: bytes | None) -> None:
        if not self._plugged():
            self._unknown_to_successor()
            return
        if self._lost:
            if segment is not None:
                self._send_reset()
            return
        if self._paused is not None:
            self._paused.append(segment)
            return
        protocol = self._protocol
        if segment is None:
            assert isinstance(protocol, asyncio.Protocol)  # noqa: S101 - BufferedProtocol is refused below
            if not protocol.eof_received():
                self.close()
        elif isinstance(protocol, asyncio.Protocol):
            protocol.data_received(segment)
        else:
            raise TypeError(f"the simulated network cannot feed a {type(protocol).__name__}; use asyncio.Protocol")

    def _unknown_to_successor(self) -> None:
        """A later host with this end's address answers with a reset; where there is none, the packet has vanished."""
        if self._host is not None and self._wire.hosts.get(self._host.ip):
            at_s = self._wire.loop.time() + self._wire.one_way_s()
            self._wire.loop.call_at(at_s, self._peer._reset, None)  # noqa: SLF001 - the other end of the connection

    def _reset(self, _: None) -> None:
        if not self._lost:
            self._lose(reset())

    def _lose(self, exc: Exception | None) -> None:
        self._closing = self._lost = True
        self.on_lost(self)
        self._wire.loop.call_soon(self._protocol.connection_lost, exc)
