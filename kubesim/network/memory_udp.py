"""UDP in memory: two timers per query; no kernel, no task."""

from __future__ import annotations

import asyncio

from kubesim.network.errors import refused, rejected
from kubesim.network.filter import Route
from kubesim.network.hosts import Hosts
from kubesim.network.listener import DatagramHandler, Listener, UdpReceiver
from kubesim.network.losses import Datagrams
from kubesim.network.ports import Ports
from kubesim.network.services import VANTAGE, Target


class MemoryUdp:
    """All UDP of one network."""

    def __init__(self, loop: asyncio.AbstractEventLoop, datagrams: Datagrams, hosts: Hosts) -> None:
        self.loop, self.datagrams, self.hosts = loop, datagrams, hosts
        self._ports: Ports[DatagramHandler] = Ports(hosts)
        self.handlers = self._ports.bound

    async def listen(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        """See `Network.listen_udp`."""
        self._ports.bind((ip, port), handler)
        return Listener(ip, port, "UDP", lambda: self._ports.release((ip, port), handler))

    def open(self, address: Target, receiver: UdpReceiver, route: Route, source: str) -> MemoryUdpPort:
        """See `Network.open_udp`."""
        return MemoryUdpPort(self, address, receiver, route, source)

    def host_removed(self, ip: str) -> None:
        """Nothing reaches the host's handlers any more."""
        self._ports.unplug(ip)

    def close(self) -> None:
        """Nothing is held outside this process's memory."""


class MemoryUdpPort:
    """A client's connected UDP port; see `kubesim.network.UdpPort`."""

    __slots__ = (
        "_address",
        "_backend",
        "_call_at",
        "_cut",
        "_receiver",
        "_reply",
        "_route",
        "_source",
        "_time",
        "_under_way_s",
        "_wire",
    )

    def __init__(self, wire: MemoryUdp, address: Target, receiver: UdpReceiver, route: Route, source: str) -> None:
        self._wire = wire
        self._address = address
        self._backend: Target | None = None
        self._receiver: UdpReceiver | None = receiver
        self._reply = self._answer
        self._call_at = wire.loop.call_at
        self._route = route
        self._source = source
        self._cut = wire.hosts.cut
        self._time = wire.loop.time
        self._under_way_s = wire.datagrams.under_way_s

    def send(self, payload: bytes) -> None:
        """Send without waiting; errors go to the receiver."""
        if self._receiver is None:
            return
        self._backend = target = self._route(self._address, "UDP", self._backend)
        if target is None:
            self._call_at(self._time(), self._rejected)
            return
        under_way_s = self._under_way_s()
        if under_way_s >= 0:
            self._call_at(self._time() + under_way_s, self._arrive, payload, target)

    def close(self) -> None:
        """Close at once; nothing arrives afterwards."""
        self._receiver = None

    def _arrive(self, payload: bytes, target: Target) -> None:
        if self._cut and not self._wire.hosts.reaches(self._source, target[0]):
            return
        handler = self._wire.handlers.get(target)
        if handler is not None:
            handler(payload, self._reply)
        elif self._wire.hosts.get(target[0]):
            under_way_s = self._under_way_s()
            if under_way_s >= 0:
                self._call_at(self._time() + under_way_s, self._refused)

    def _answer(self, payload: bytes, after_s: float = 0.0) -> None:
        if self._cut and self._backend is not None and not self._wire.hosts.reaches(self._source, self._backend[0]):
            return
        under_way_s = self._under_way_s()
        if under_way_s >= 0:
            self._call_at(self._time() + after_s + under_way_s, self._deliver, payload)

    def _deliver(self, payload: bytes) -> None:
        if self._receiver is not None:
            self._receiver.datagram(payload)

    def _rejected(self) -> None:
        for error in rejected(on_a_node=self._source == VANTAGE):
            if self._receiver is not None:
                self._receiver.error(error)

    def _refused(self) -> None:
        if self._receiver is not None:
            self._receiver.error(refused())
