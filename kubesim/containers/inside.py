"""A container as the programs in it see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kubesim.containers.bounds import Bounds
from kubesim.containers.environment import hostname
from kubesim.containers.files import Files
from kubesim.containers.host import ContainerHost
from kubesim.containers.image import Image
from kubesim.containers.processes import Processes
from kubesim.network import UdpPort, UdpReceiver
from kubesim.store import Object


@dataclass(frozen=True, slots=True)
class Inside:
    """What all programs of one container share.

    Attributes:
        container: the entry of `spec.containers`.
        ip: the pod's address.
        environment: of its main process, and of what is run by exec.
        files: live: what one program writes another reads.
        processes: that run in it.
        bounds: what they may take.
    """

    host: ContainerHost
    pod: Object
    container: Object
    ip: str
    image: Image
    environment: dict[str, str]
    files: Files
    processes: Processes
    bounds: Bounds

    @property
    def hostname(self) -> str:
        """What `hostname` prints."""
        return hostname(self.pod)

    @property
    def place(self) -> str:
        """Which container it is, for messages."""
        meta = self.pod["metadata"]
        name = self.container.get("name", "")
        return f"container {name} of pod {meta.get('namespace', 'default')}/{meta['name']}"

    @property
    def folder(self) -> str:
        """Where its programs start."""
        return str(self.container.get("workingDir") or "/")

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """A UDP port of the pod's, connected to an address."""
        return self.host.network.open_udp(address, port, receiver, source=self.ip)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """A connection from the pod.

        Raises:
            OSError: refused or timed out.
        """
        return await self.host.network.open_tcp(factory, address, port, source=self.ip)
