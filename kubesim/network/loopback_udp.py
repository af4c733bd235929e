"""UDP over 127.0.0.1: each listener has a socket with an ephemeral port; the model's latency and loss are added."""

from __future__ import annotations

import asyncio
import socket

from kubesim.network.errors import refused, rejected
from kubesim.network.filter import Route
from kubesim.network.hosts import Hosts
from kubesim.network.listener import DatagramHandler, Listener, UdpReceiver
from kubesim.network.losses import Datagrams
from kubesim.network.ports import Ports
from kubesim.network.services import VANTAGE, Target

_LOOPBACK = "127.0.0.1"
_MAX_DATAGRAM_BYTES = 65535


class LoopbackUdp:
    """All UDP of one network."""

    def __init__(self, loop: asyncio.AbstractEventLoop, datagrams: Datagrams, hosts: Hosts) -> None:
        self.loop, self.datagrams, self.hosts = loop, datagrams, hosts
        self._ports: Ports[asyncio.DatagramTransport] = Ports(hosts)
        self._all: set[asyncio.DatagramTransport] = set()
        self.servers = self._ports.bound

    async def listen(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        """See `Network.listen_udp`."""
        self._ports.check((ip, port))
        transport, _ = await self.loop.create_datagram_endpoint(
            lambda: _Server(self.loop, self.datagrams, handler), local_addr=(_LOOPBACK, 0)
        )
        self._all.add(transport)

        def close() -> None:
            self._ports.release((ip, port), transport)
            self._all.discard(transport)
            transport.close()

        self._ports.bind((ip, port), transport)
        return Listener(ip, port, "UDP", close)

    def open(self, address: Target, receiver: UdpReceiver, route: Route, source: str) -> LoopbackUdpPort:
        """See `Network.open_udp`."""
        return LoopbackUdpPort(self, address, receiver, route, source)

    def close(self) -> None:
        """Close every listener's socket."""
        for transport in self._all:
            transport.close()

    def host_removed(self, ip: str) -> None:
        """Nothing reaches the host's sockets any more."""
        self._ports.unplug(ip)


class _Server(asyncio.DatagramProtocol):
    def __init__(self, loop: asyncio.AbstractEventLoop, datagrams: Datagrams, handler: DatagramHandler) -> None:
        self._loop, self._datagrams, self._handler = loop, datagrams, handler
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Target) -> None:
        def reply(payload: bytes, after_s: float = 0.0) -> None:
            under_way_s = self._datagrams.under_way_s()
            if under_way_s >= 0:
                self._loop.call_later(after_s + under_way_s, self._send, payload, addr)

        self._handler(data, reply)

    def _send(self, payload: bytes, address: Target) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(payload, address)


class LoopbackUdpPort:
    """A client's port; see `kubesim.network.UdpPort`."""

    __slots__ = ("_address", "_backend", "_receiver", "_route", "_socket", "_source", "_wire")

    def __init__(self, wire: LoopbackUdp, address: Target, receiver: UdpReceiver, route: Route, source: str) -> None:
        self._wire = wire
        self._route = route
        self._source = source
        self._address = address
        self._backend: Target | None = None
        self._receiver = receiver
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.bind((_LOOPBACK, 0))
            wire.loop.add_reader(self._socket.fileno(), self._readable)
        except OSError:
            self._socket.close()
            raise

    def send(self, payload: bytes) -> None:
        """Send without waiting; errors go to the receiver."""
        if self._socket.fileno() < 0:
            return
        self._backend = self._route(self._address, "UDP", self._backend)
        if self._backend is None:
            self._wire.loop.call_soon(self._rejected)
            return
        under_way_s = self._wire.datagrams.under_way_s()
        if under_way_s >= 0:
            self._wire.loop.call_later(under_way_s, self._arrive, payload, self._backend)

    def close(self) -> None:
        """Close at once; nothing arrives afterwards."""
        if self._socket.fileno() >= 0:
            self._wire.loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _arrive(self, payload: bytes, target: Target) -> None:
        if self._socket.fileno() < 0:
            return
        if not self._wire.hosts.reaches(self._source, target[0]):
            return
        server = self._wire.servers.get(target)
        if server is not None:
            try:
                self._socket.sendto(payload, server.get_extra_info("sockname"))
            except OSError as exc:
                self._receiver.error(exc)
        elif self._wire.hosts.get(target[0]):
            under_way_s = self._wire.datagrams.under_way_s()
            if under_way_s >= 0:
                self._wire.loop.call_later(under_way_s, self._refused)

    def _rejected(self) -> None:
        for error in rejected(on_a_node=self._source == VANTAGE):
            if self._socket.fileno() >= 0:
                self._receiver.error(error)

    def _refused(self) -> None:
        if self._socket.fileno() >= 0:
            self._receiver.error(refused())

    def _readable(self) -> None:
        while self._socket.fileno() >= 0:
            try:
                data = self._socket.recv(_MAX_DATAGRAM_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as exc:
                self._receiver.error(exc)
                return
            self._receiver.datagram(data)
