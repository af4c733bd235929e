"""TCP of the pods' network in memory: hosts vanish, and are cut off from each other, under open connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from kubesim.network.errors import refused, reset, timed_out
from kubesim.network.hosts import Host, Hosts
from kubesim.network.listener import Listener, ServerFactory
from kubesim.network.memory_transport import MemoryTransport
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
        self.stalled: dict[PodTransport, None] = {}

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
    ) -> PodTransport:
        """Join a client to a server at once; the caller has let the handshake's time pass.

        Raises:
            ConnectionRefusedError: nobody listens any more.
        """
        host = self.hosts.get(target[0])
        door = self._ports.bound.get(target)
        if door is None or host is None:
            raise refused()
        client_name = (source, self._next_port())
        server = PodTransport(self, host, door.factory(), target, client_name)
        client = PodTransport(self, self.hosts.get(source), factory(), client_name, target)
        server.join(client)
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
        self.connections: dict[PodTransport, None] = {}

    def forget(self, transport: PodTransport) -> None:
        self.connections.pop(transport, None)

    def close(self) -> None:
        for transport in tuple(self.connections):
            transport.close()


class PodTransport(MemoryTransport):
    """One end of a connection between two hosts.

    Args:
        host: where this end lives; None for the vantage, which is never unplugged.
    """

    def __init__(
        self, wire: MemoryTcp, host: Host | None, protocol: asyncio.Protocol, own: Target, other: Target
    ) -> None:
        super().__init__(wire.loop, protocol, wire.one_way_s, own, other)
        self.addresses = own[0], other[0]
        self._wire = wire
        self._host = host
        self._unanswered: list[tuple[Callable[[Any], None], bytes | None]] = []
        self._stalled_s = 0.0
        self._gives_up: asyncio.TimerHandle | None = None
        self.on_lost: Callable[[PodTransport], None] = lambda _: None

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self._send(None)

    def abort(self) -> None:
        if not self._lost:
            self._send_reset()
            self._lose(None)

    # ---- packets ----

    def _plugged(self) -> bool:
        return self._host is None or self._wire.hosts.get(self._host.ip) is self._host

    def _send(self, segment: bytes | None) -> None:
        self._push(self._peer.receive, segment)

    def _send_reset(self) -> None:
        self._push(self._peer.was_reset, None)

    def _push(self, callback: Callable[[Any], None], argument: bytes | None) -> None:
        if not self._plugged():
            return
        if self._unanswered or not self._wire.hosts.reaches(*self.addresses):
            self._stall(callback, argument)
            return
        self._arrives_s = max(self._arrives_s, self._loop.time() + self._one_way_s())
        self._loop.call_at(self._arrives_s, callback, argument)

    def receive(self, segment: bytes | None) -> None:
        if self._plugged():
            super().receive(segment)
        else:
            self._unknown_to_successor()

    def _came_too_late(self, segment: bytes | None) -> None:
        if segment is not None:
            self._send_reset()

    def _ended(self) -> None:
        """The other end writes no more; this one may, where its protocol says so."""
        protocol = self._protocol
        assert isinstance(protocol, asyncio.Protocol)  # noqa: S101 - data of a BufferedProtocol is refused
        if not protocol.eof_received():
            self.close()

    def _unknown_to_successor(self) -> None:
        """A later host with this end's address answers with a reset; where there is none, the packet has vanished."""
        if self._host is not None and self._wire.hosts.get(self._host.ip):
            at_s = self._loop.time() + self._one_way_s()
            self._loop.call_at(at_s, self._peer.was_reset, None)

    def was_reset(self, _: None) -> None:
        """The other end does not know the connection."""
        if not self._lost:
            self._lose(reset())

    def _lose(self, exc: Exception | None) -> None:
        self.on_lost(self)
        super()._lose(exc)

    # ---- while the way is cut ----

    def _stall(self, callback: Callable[[Any], None], argument: bytes | None) -> None:
        """A segment is lost: keep it, and all that follow, until it can be sent again, or the kernel gives up."""
        if not self._unanswered:
            loop = self._loop
            self._stalled_s = loop.time()
            self._gives_up = loop.call_later(_RETRANSMITS_FOR_S, self._give_up)
            self._wire.stalled[self] = None
        self._unanswered.append((callback, argument))

    def send_again(self) -> None:
        """The way may be free: use it at the next retransmission, whose interval doubles each time."""
        now_s = self._loop.time()
        at_s, wait_s = self._stalled_s, _FIRST_RETRANSMIT_S
        while at_s < now_s:
            at_s += wait_s
            wait_s = min(2 * wait_s, _LAST_RETRANSMIT_S)
        self._loop.call_at(at_s, self._flush)

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
