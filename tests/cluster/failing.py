"""A simulated API server that fails as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import web

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from kubesim import ApiFaults, StoreError
from kubesim.api.responses import Responses

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
# Carried out, and the answer lost on its way; or lost before anything was done.
DONE_UNTOLD, LOST, REFUSED = "done, untold", "lost", "refused"
UNWELL = StoreError(503, "ServiceUnavailable", "apiserver is shutting down")
BUSY = StoreError(429, "TooManyRequests", "too many requests", {"retryAfterSeconds": 7})


class Script(ApiFaults):
    """What happens to the next requests of a method, one after the other; None: nothing."""

    def __init__(self, method: str, *happens: str | StoreError | None) -> None:
        super().__init__(0.0, 0)
        self.asked: list[float] = []
        self._method = method
        self._happens = list(happens)
        self._refused = False

    def refuses(self) -> bool:
        return False

    async def answer(self, request: web.BaseRequest, responses: Responses, answer: Answer) -> web.StreamResponse:
        if request.method != self._method:
            return await answer(request)
        self.asked.append(asyncio.get_running_loop().time())
        what = self._happens.pop(0) if self._happens else None
        if what is None:
            return await answer(request)
        if isinstance(what, StoreError):
            return responses.error(what)
        if what == DONE_UNTOLD:
            await answer(request)
        assert request.transport is not None
        request.transport.close()
        return web.Response()


class Away(ApiFaults):
    """Every connection is cut, until an instant of the loop's clock."""

    def __init__(self, until_s: float) -> None:
        super().__init__(0.0, 0)
        self._until_s = until_s

    async def answer(self, request: web.BaseRequest, responses: Responses, answer: Answer) -> web.StreamResponse:
        if asyncio.get_running_loop().time() >= self._until_s:
            return await answer(request)
        assert request.transport is not None
        request.transport.close()
        return web.Response()


@dataclass(frozen=True)
class Place:
    sandbox: kubesim.Cluster
    cluster: Cluster

    def fails(self, faults: ApiFaults | None) -> None:
        self.sandbox.api.faults = faults

    def stored(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any] | None:
        return self.sandbox.get(kind, name, namespace)


def on_a_cluster(story: Callable[[Place], Coroutine[Any, Any, None]]) -> None:
    """Tell a story in virtual time."""

    async def main() -> None:
        async with kubesim.Cluster(seed=1) as sandbox:
            cluster = await connect(ClusterAddress(url=sandbox.url, connector=sandbox.connector()))
            try:
                await story(Place(sandbox, cluster))
            finally:
                sandbox.api.faults = None
                await cluster.close()

    kubesim.run_virtual(main())
