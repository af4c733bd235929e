"""A served store in virtual time, and a plain HTTP client for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from kubesim.api.delays import API_DELAYS
from kubesim.api.registry import Registry
from kubesim.api.server import ApiServer
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.virtual import run_virtual
from tests.kubesim.api.recording import Reply

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NO_DELAYS = {delay.name: (0.0, 0.0) for delay in API_DELAYS}


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    text: str
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def lines(self) -> list[Any]:
        """The events of a watch."""
        return [json.loads(line) for line in self.text.splitlines()]


@dataclass(frozen=True)
class Lab:
    """A running API server and what is needed to talk to it."""

    store: Store
    registry: Registry
    server: ApiServer
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        sent = {"Content-Type": "application/json", **headers}
        async with self.http.request(method, self.server.url + path, data=data, headers=sent) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        """The same for those who ask real servers, too."""
        answer = await self.call(method, path, body, **headers)
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        return Reply(answer.status, media_type, answer.text, tuple(answer.headers.getall("Warning", ())))

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()


Scenario = Callable[[Lab], Awaitable[Any]]


async def _serve(scenario: Scenario, overrides: dict[str, tuple[float, float]], token: str) -> Any:
    clock = SimClock(asyncio.get_running_loop(), EPOCH)
    store, model = Store(clock, 1), Model(1, API_DELAYS, overrides)
    server = ApiServer(store, clock, model, token=token)
    await server.start(listen=False)
    server.registry.create("Namespace", {"metadata": {"name": "default"}})
    async with aiohttp.ClientSession(connector=server.connector(), trust_env=False) as http:
        try:
            return await scenario(Lab(store, server.registry, server, http))
        finally:
            await server.stop()


@pytest.fixture(scope="session")
def served() -> Callable[..., Any]:
    """Runs a scenario against a fresh API server in virtual time, without delays unless they are asked for."""

    def run(scenario: Scenario, *, delays: dict[str, tuple[float, float]] | None = None, token: str = "") -> Any:
        return run_virtual(_serve(scenario, NO_DELAYS if delays is None else delays, token))

    return run


@pytest.fixture(scope="session")
def manifests() -> dict[str, dict[str, Any]]:
    """The smallest valid object of each kind that tests need."""
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    workload = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    return {
        "pod": {"metadata": {"name": "p", "namespace": "default"}, "spec": template["spec"]},
        "sts": {"metadata": {"name": "web", "namespace": "default"}, "spec": {**workload, "serviceName": "web"}},
        "service": {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}},
        "config": {"metadata": {"name": "cm", "namespace": "default"}, "data": {"a": "b"}},
    }
