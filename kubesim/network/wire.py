"""What carries packets that the network has routed: memory in virtual time, sockets on 127.0.0.1 in real time.

The sockets need no root and no privileged port. In memory nothing goes through the kernel, so same seed, same order; it
relies on the order in which `VirtualTimeLoop` runs timers of one instant: that of their making.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from kubesim.network.filter import Route
from kubesim.network.listener import DatagramHandler, Listener, ServerFactory, UdpPort, UdpReceiver
from kubesim.network.services import VANTAGE, Target


class Tcp(Protocol):
    """All TCP of one network."""

    async def listen(self, ip: str, port: int, factory: ServerFactory) -> Listener:
        """See `Network.listen_tcp`."""

    def accepts(self, target: Target) -> bool:
        """Whether somebody listens at a port."""

    async def connect(
        self, target: Target, factory: Callable[[], asyncio.Protocol], source: str = VANTAGE
    ) -> asyncio.Transport:
        """Complete a connection to a target that accepts; the caller has let the handshake's time pass.

        `source` is the address of the pod that the client is in.

        Raises:
            ConnectionRefusedError: it no longer does.
        """

    def host_removed(self, ip: str) -> None:
        """The host's connections stall from now on."""

    def host_cut_off(self, ip: str) -> None:
        """The host's connections stall until it rejoins; `Hosts` says which ones."""

    def host_rejoined(self, ip: str) -> None:
        """What stalled goes on, once it is sent again."""

    def close(self) -> None:
        """Release what is held outside this process's memory."""


class Udp(Protocol):
    """All UDP of one network."""

    async def listen(self, ip: str, port: int, handler: DatagramHandler) -> Listener:
        """See `Network.listen_udp`."""

    def open(self, address: Target, receiver: UdpReceiver, route: Route, source: str) -> UdpPort:
        """See `Network.open_udp`; `route` says where the port's datagrams go, `source` whose they are."""

    def host_removed(self, ip: str) -> None:
        """Nothing reaches the host any more."""

    def close(self) -> None:
        """Release what is held outside this process's memory."""
