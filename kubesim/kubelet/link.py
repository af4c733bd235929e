"""A node's connection to the others: it can be cut while everything on the node goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.kubelet.runtime import PodNetwork


class Link:
    """The addresses of a node, and whether its kubelet is in touch with the API server.

    Attributes:
        up: whether packets pass.
        in_touch: set while the kubelet hears of changes and can write; some time after packets pass again.
    """

    def __init__(self, node: str, address: str, network: PodNetwork) -> None:
        self.up = True
        self.in_touch = asyncio.Event()
        self.in_touch.set()
        self._node = node
        self._address = address
        self._network = network
        self._addresses = {address: None}

    def plug(self, ip: str) -> None:
        """A pod's interface exists from now on."""
        self._network.add_host(ip)
        self._addresses[ip] = None
        if not self.up:
            self._network.cut_off(ip, self._node)

    def unplug(self, ip: str) -> None:
        """It no longer does."""
        self._network.remove_host(ip)
        self._addresses.pop(ip, None)

    async def connect(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """A connection of the kubelet's own.

        Raises:
            OSError: refused or timed out.
        """
        return await self._network.open_tcp(factory, address, port, source=self._address)

    def cut(self) -> None:
        """Cut the node off."""
        self.up = False
        self.in_touch.clear()
        for ip in self._addresses:
            self._network.cut_off(ip, self._node)

    def join(self) -> None:
        """Let packets pass again; the kubelet is not in touch yet."""
        self.up = True
        for ip in self._addresses:
            self._network.rejoin(ip)
