"""What a kubelet needs of the container runtime and of the pod network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from kubesim.containers import ContainerProcess
from kubesim.store import Object


class Runtime(Protocol):
    """Runs containers."""

    @property
    def example_images(self) -> tuple[str, ...]:
        """Some that are on the node, for messages."""

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """Make a process, not yet started; `on_exit` gets its exit code once.

        Raises:
            ConfigError: what its environment refers to is not there, or it has no command.
        """


class PodNetwork(Protocol):
    """Where pods are plugged in."""

    def add_host(self, ip: str) -> None:
        """The pod's network sandbox exists from now on."""

    def remove_host(self, ip: str) -> None:
        """From now on, packets to the address vanish."""

    def cut_off(self, ip: str, node: str) -> None:
        """From now on only what is cut off with the same node reaches the address."""

    def rejoin(self, ip: str) -> None:
        """The address is reached as before."""

    async def open_tcp(
        self, factory: Callable[[], asyncio.Protocol], address: str, port: int, *, source: str
    ) -> asyncio.Transport:
        """Connect.

        Raises:
            OSError: refused or timed out.
        """
