"""What carries packets: memory in virtual time, sockets in real time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from chaos.sandbox.network.listener import DatagramHandler, Listener, ServerFactory, UdpPort, UdpReceiver
from chaos.sandbox.network.services import Target


class Wire(Protocol):
    """Carries what the network has routed."""

    async def listen_tcp(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        """See `Network.listen_tcp`."""

    async def listen_udp(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        """See `Network.listen_udp`."""

    def open_udp(self, address: Target, receiver: UdpReceiver) -> UdpPort:
        """See `Network.open_udp`."""

    def accepts(self, target: Target) -> bool:
        """Whether somebody listens at a TCP port."""

    async def connect(self, target: Target, factory: Callable[[], asyncio.Protocol]) -> asyncio.Transport:
        """Complete a TCP connection to a target that accepts.

        Raises:
            ConnectionRefusedError: it no longer does.
        """

    def host_removed(self, ip: str) -> None:
        """The host's connections stall from now on."""

    async def close(self) -> None:
        """Release what is held outside this process's memory."""
