"""The wire of real time: sockets on 127.0.0.1, so that no root and no privileged port is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaos.sandbox.model import Model
from chaos.sandbox.network.hosts import Hosts
from chaos.sandbox.network.listener import DatagramHandler, Listener, ServerFactory, UdpPort, UdpReceiver
from chaos.sandbox.network.loopback_tcp import LoopbackTcp
from chaos.sandbox.network.loopback_udp import LoopbackUdp
from chaos.sandbox.network.losses import Datagrams
from chaos.sandbox.network.services import Services, Target


class LoopbackWire:
    """See `chaos.sandbox.network.wire.Wire`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, model: Model, hosts: Hosts, services: Services) -> None:
        self._udp = LoopbackUdp(loop, Datagrams(model), hosts, services)
        self._tcp = LoopbackTcp(loop, hosts)

    async def listen_tcp(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        return await self._tcp.listen(ip, port, factory)

    async def listen_udp(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        return await self._udp.listen(ip, port, handler)

    def open_udp(self, address: Target, receiver: UdpReceiver) -> UdpPort:
        return self._udp.open(address, receiver)

    def accepts(self, target: Target) -> bool:
        return self._tcp.accepts(target)

    async def connect(self, target: Target, factory: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        return await self._tcp.connect(target, factory)

    def host_removed(self, ip: str) -> None:
        self._udp.host_removed(ip)
        self._tcp.host_removed(ip)

    async def close(self) -> None:
        """Close every socket of the server side, and let the loop see it."""
        self._udp.close()
        self._tcp.close()
        await asyncio.sleep(0)
