"""A sandbox with objects in it, to be looked at over its API and its DNS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.diagnose import Diagnosis, Snapshot, diagnose_again
from chaos.diagnose.reading import read_namespace
from kubesim import run_virtual

T = TypeVar("T")


@dataclass
class Place:
    """A sandbox and a connection to it."""

    sandbox: kubesim.Cluster
    cluster: Cluster

    async def apply(self, text: str, namespace: str = "default") -> None:
        """Create what a manifest holds."""
        await self.sandbox.apply(text, namespace)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait in virtual time."""
        async with asyncio.timeout(300):
            while not await holds():
                await asyncio.sleep(0.1)

    async def ready(self, count: int, namespace: str = "default", labels: str = "") -> None:
        """Wait for so many Ready pods, and for the endpoints behind them."""

        async def enough() -> bool:
            pods, _ = await self.cluster.list("Pod", namespace, labels)
            conditions = [c for p in pods for c in p.get("status", {}).get("conditions") or []]
            ready = [c for c in conditions if c["type"] == "Ready" and c["status"] == "True"]
            return len(ready) == count

        await self.until(enough)
        await asyncio.sleep(2)

    async def look(self, namespace: str = "default", *, measured: bool = True) -> tuple[Snapshot, Diagnosis]:
        """Diagnose."""
        vantage = self.sandbox.vantage if measured else None

        async def read() -> Snapshot:
            return await read_namespace(self.cluster, namespace, vantage)

        return await diagnose_again(read)


@asynccontextmanager
async def sandboxed() -> AsyncIterator[Place]:
    """A sandbox that is up, in the running loop."""
    async with kubesim.Cluster(seed=1) as sandbox:
        cluster = await connect(ClusterAddress(url=sandbox.url, connector=sandbox.connector()))
        try:
            yield Place(sandbox, cluster)
        finally:
            await cluster.close()


def run(story: Callable[[Place], Awaitable[T]]) -> T:
    """Tell a story in virtual time."""

    async def main() -> T:
        async with sandboxed() as place:
            return await story(place)

    return run_virtual(main())
