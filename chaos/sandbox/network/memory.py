"""The wire of virtual time: nothing goes through the kernel, so same seed, same order.

It relies on the order in which `VirtualTimeLoop` runs timers of one instant: that of their making.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaos.sandbox.model import Model
from chaos.sandbox.network.hosts import Hosts
from chaos.sandbox.network.listener import DatagramHandler, Listener, ServerFactory, UdpPort, UdpReceiver
from chaos.sandbox.network.losses import Datagrams
from chaos.sandbox.network.memory_tcp import MemoryTcp
from chaos.sandbox.network.memory_udp import MemoryUdp
from chaos.sandbox.network.services import Services, Target


class MemoryWire:
    """See `chaos.sandbox.network.wire.Wire`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, model: Model, hosts: Hosts, services: Services) -> None:
        self._udp = MemoryUdp(loop, Datagrams(model), hosts, services)
        self._tcp = MemoryTcp(loop, hosts, model.sampler("tcp_one_way"))

    async def listen_tcp(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        return self._tcp.listen(ip, port, factory)

    async def listen_udp(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        return self._udp.listen(ip, port, handler)

    def open_udp(self, address: Target, receiver: UdpReceiver) -> UdpPort:
        return self._udp.open(address, receiver)

    def accepts(self, target: Target) -> bool:
        return self._tcp.accepts(target)

    async def connect(self, target: Target, factory: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        return self._tcp.connect(target, factory)

    def host_removed(self, ip: str) -> None:
        self._udp.host_removed(ip)
        self._tcp.host_removed(ip)

    async def close(self) -> None:
        """Nothing is held outside this process's memory."""
