"""Where the measuring side stands: on a node of the simulated cluster, with ordinary addresses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from kubesim.network.listener import UdpPort, UdpReceiver
from kubesim.network.network import Network


class Vantage:
    """Has the shape of `chaos.vantage.base.Vantage`, without importing what measures."""

    name = "local"

    def __init__(self, network: Network, rng: random.Random) -> None:
        self._network = network
        self._rng = rng

    def random_16_bits(self) -> int:
        """For the id of a query."""
        return self._rng.getrandbits(16)

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """Open a connected UDP port with a source port of its own.

        Raises:
            OSError: no socket can be had (loopback wire only).
        """
        return self._network.open_udp(address, port, receiver)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """Connect; waits as long as a Linux kernel would (127 s), so callers bound it.

        Raises:
            OSError: refused or timed out; errno tells.
        """
        return await self._network.open_tcp(factory, address, port)
