"""What a vantage offers to probes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class UdpReceiver(Protocol):
    """Gets what arrives on a UDP port."""

    def datagram(self, data: bytes) -> None:
        """One datagram from the port's peer."""

    def error(self, exc: OSError) -> None:
        """The network refused an earlier datagram (ICMP), or sending failed."""


class UdpPort(Protocol):
    """A connected UDP socket with a source port of its own."""

    def send(self, payload: bytes) -> None:
        """Send without waiting; errors go to the receiver."""

    def close(self) -> None:
        """Close at once; nothing arrives afterwards."""


class Vantage(Protocol):
    """A place from which addresses of the cluster's network can be reached."""

    name: str

    def random_16_bits(self) -> int:
        """For the id of a query; nobody on the way can foresee them. On a simulated network a seed gives the same."""

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """Open a connected UDP socket from a fresh source port.

        Raises:
            OSError: no socket can be had.
        """

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """Connect; waits as long as the network lets it (callers bound it).

        Raises:
            OSError: refused, unreachable, …; errno tells.
        """
