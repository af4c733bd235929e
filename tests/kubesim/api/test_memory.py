"""HTTP in memory: the official client against the sandbox, in virtual time, with nothing going through the kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio import client
from kubernetes.aio.dynamic import DynamicClient

from kubesim.api.delays import API_DELAYS
from kubesim.api.memory import MemoryConnector
from kubesim.virtual import run_virtual


async def _drive(lab: Any, cache_file: Path) -> list[tuple[Any, ...]]:
    """Everything that the dynamic client of an experiment does, with the instant of each answer."""
    loop = asyncio.get_running_loop()
    log: list[tuple[Any, ...]] = []
    configuration = client.Configuration(host=lab.server.url)
    configuration.client_session_kwargs = {"connector": lab.server.connector(), "trust_env": False}
    async with client.ApiClient(configuration) as api:
        dynamic = await DynamicClient(api, cache_file=str(cache_file))
        configs = await dynamic.resources.get(api_version="v1", kind="ConfigMap", prefix="api")
        log.append((loop.time(), "discovered"))

        async def watch() -> None:
            async for event in configs.watch(namespace="default", timeout=30):
                meta = event["raw_object"]["metadata"]
                log.append((loop.time(), event["type"], meta["name"], meta["resourceVersion"]))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            await asyncio.sleep(1)
            body = {"metadata": {"name": "a"}, "data": {"x": "y" * 700_000}}
            await configs.create(body=body, namespace="default")
            got = await configs.get(name="a", namespace="default")
            log.append((loop.time(), "got", len(got.data.x)))
            change = {"data": {"x": "z"}}
            await configs.patch(name="a", namespace="default", body=change, content_type="application/merge-patch+json")
            await configs.delete(name="a", namespace="default")
            log.append((loop.time(), "deleted"))
    return log


def test_the_dynamic_client_sees_the_same_at_the_same_instants_in_two_runs(served: Any, tmp_path: Path) -> None:
    delays = {delay.name: (delay.low_s, delay.high_s) for delay in API_DELAYS}
    first, second = (served(lambda lab, i=i: _drive(lab, tmp_path / f"{i}"), delays=delays) for i in range(2))
    assert first == second
    events = [row[1:3] for row in first if len(row) == 4]
    assert events == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert ("got", 700_000) in [row[1:] for row in first]


async def _exchange(
    handler: Callable[[web.BaseRequest], Any], ask: Callable[[aiohttp.ClientSession], Any], latency_s: float = 0.0
) -> Any:
    server = web.Server(handler, handler_cancellation=True, access_log=None)
    async with aiohttp.ClientSession(connector=MemoryConnector(server, lambda: latency_s)) as session:
        try:
            return await ask(session)
        finally:
            await server.shutdown(1)


def test_a_request_costs_one_round_trip_and_the_handshake_another() -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="ok")

    async def ask(session: aiohttp.ClientSession) -> list[float]:
        times: list[float] = []
        for _ in range(2):
            async with session.get("http://x/") as response:
                await response.read()
            times.append(asyncio.get_running_loop().time())
        return times

    assert run_virtual(_exchange(handler, ask, 0.25)) == [1.0, 1.5], "the second request reuses the connection"


def test_a_large_body_arrives_whole_at_a_reader_that_is_slow() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for i in range(64):
            await response.write(bytes([i]) * 65536)
        await response.write_eof()
        return response

    async def ask(session: aiohttp.ClientSession) -> bytes:
        async with session.get("http://x/") as response:
            await asyncio.sleep(10)
            return await response.read()

    assert run_virtual(_exchange(handler, ask, 0.001)) == b"".join(bytes([i]) * 65536 for i in range(64))


def test_a_writer_waits_for_a_reader_that_does_not_read() -> None:
    written = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            written += 65536

    async def ask(session: aiohttp.ClientSession) -> int:
        async with session.get("http://x/"):
            await asyncio.sleep(10)
            return written

    assert run_virtual(_exchange(handler, ask, 0.001)) < 2_000_000


def test_a_server_that_drops_the_connection_is_an_error_at_the_client() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        transport = request.transport
        assert transport is not None
        transport.close()
        return response

    async def ask(session: aiohttp.ClientSession) -> None:
        async with session.get("http://x/") as response:
            await response.read()

    with pytest.raises(aiohttp.ClientPayloadError):
        run_virtual(_exchange(handler, ask, 0.001))


def test_a_client_that_leaves_cancels_the_handler() -> None:
    ended: list[float] = []

    async def handler(_request: web.BaseRequest) -> web.Response:
        try:
            await asyncio.sleep(100)
        finally:
            ended.append(asyncio.get_running_loop().time())
        return web.Response()

    async def ask(session: aiohttp.ClientSession) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2), session.get("http://x/"):
                pass
        await asyncio.sleep(1)

    run_virtual(_exchange(handler, ask, 0.25))
    assert ended == [2.25]
