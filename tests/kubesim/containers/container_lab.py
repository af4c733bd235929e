"""Containers on a network in virtual time, without a kubelet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from kubesim.containers import ContainerHost, ContainerProcess, ContainerRuntime
from kubesim.dns import DNS_DELAYS
from kubesim.images import IMAGE_DELAYS, SHIPPED
from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.truth import Truth
from kubesim.virtual import run_virtual
from tests.kubesim.network.net_lab import EXACT, POD, now_s

NGINX = "nginx:alpine"
REDIS = "redis:7-alpine"
BUSYBOX = "busybox:1.35"
UNIT_LINE = "echo 'Hello from '$(hostname) > /usr/share/nginx/html/index.html && nginx -g 'daemon off;'"
_INSTANT = {
    "nginx_start": (0.010, 0.010),
    "nginx_exit": (0.002, 0.002),
    "coredns_start": (0.100, 0.100),
    "dns_processing": (0.0001, 0.0001),
    "redis_start": (0.005, 0.005),
    "redis_exit": (0.050, 0.050),
}


class ContainerLab:
    """One host, and what containers did on it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock = SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC))
        self.model = Model(1, NETWORK_DELAYS + DNS_DELAYS + IMAGE_DELAYS, EXACT | _INSTANT)
        self.net = Network(loop, self.model)
        self.store, self.truth = Store(self.clock, 1), Truth()
        self.net.add_host(POD)
        self.exits: list[tuple[float, int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._runtime = ContainerRuntime(
            ContainerHost(self.net, self.store, self.clock, self.model, self.truth, loop, self._spawn), SHIPPED
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def create(self, image: str, command: list[str] | None = None, **container: Any) -> ContainerProcess:
        """A container of pod web-0, not yet started."""
        spec = {"image": image, **container} | ({"command": command} if command else {})
        pod = {"metadata": {"name": "web-0", "namespace": "default"}, "spec": {"hostname": "web-0"}}
        return self._runtime.create_process(pod, spec, POD, lambda code: self.exits.append((now_s(), code)))

    async def start(self, image: str, command: list[str] | None = None, **container: Any) -> ContainerProcess:
        """A container that has started."""
        process = self.create(image, command, **container)
        await process.start()
        return process

    def serving(self) -> list[tuple[float, tuple[str, ...]]]:
        """What the truth says about who serves."""
        return [(round(f.at_s, 9), f.value) for f in self.truth.of("serving", "web-0", POD)]

    async def request(self, *requests: str, port: int = 80, within_s: float = 10.0) -> str:
        """Everything that comes back over one connection."""
        received = bytearray()

        class Client(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                received.extend(data)

        transport = await self.net.open_tcp(Client, POD, port)
        for text in requests:
            transport.write(text.encode())
            await asyncio.sleep(0.1)
        await asyncio.sleep(within_s)
        transport.close()
        return received.decode()


def in_lab(test: Callable[[ContainerLab], Awaitable[None]]) -> None:
    """Run a test in virtual time."""

    async def main() -> None:
        await test(ContainerLab())

    run_virtual(main())
