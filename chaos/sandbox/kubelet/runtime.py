"""What a kubelet needs of the container runtime and of the pod network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chaos.sandbox.store import Object


class ContainerProcess(Protocol):
    """One run of a container.

    Attributes:
        message: why it ended, where there is something to say.
    """

    message: str

    async def start(self) -> None:
        """Run it; returns when the process has started."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL: it exits at once."""

    def probe(self, port: int, path: str) -> bool:
        """What a probe of this port would find; `path` is empty for a TCP connection."""


class Runtime(Protocol):
    """Runs containers and plugs pods into the network."""

    def knows_image(self, image: str) -> bool:
        """Whether the image is on the node."""

    def create_process(
        self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]
    ) -> ContainerProcess:
        """Make a process, not yet started; `on_exit` gets its exit code once."""

    def add_host(self, ip: str) -> None:
        """The pod's network sandbox exists from now on."""

    def remove_host(self, ip: str) -> None:
        """From now on, packets to the address vanish."""
