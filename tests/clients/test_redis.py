"""A real Redis client against the sandbox's servers, through the vantage, from a method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, ResponseError

from chaos.experiment import DeletePod, Experiment, Options, Run, Workload
from chaos.model import History
from tests.sandboxed import run_sandboxed

_HOST = "cache-0.cache"


async def _method(run: Run) -> None:
    await run.steady_state(within_s=60)
    client: Any
    async with run.clients.redis(_HOST) as client:
        run.mark("before", set=await client.set("order", "42"), ping=await client.ping())
        run.mark("other", found=await _read_elsewhere(run))
        try:
            await client.execute_command("CLUSTER INFO")
        except ResponseError as exc:
            run.mark("cluster", said=str(exc))
        async with run.inject(DeletePod(run.target.pods[0])):
            try:
                await _until_it_fails(run, client)
            except RedisConnectionError as exc:
                run.mark("during", said=str(exc))
            await run.steady_state(within_s=60)
            run.mark("after", found=await client.get("order"))
    try:
        async with run.clients.redis_cluster(_HOST):
            pass
    except RedisClusterException as exc:
        run.mark("as a cluster", said=str(exc))


async def _read_elsewhere(run: Run) -> Any:
    async with run.clients.redis("cache-1.cache") as client:
        return await client.get("order")


async def _until_it_fails(run: Run, client: Any) -> None:
    while True:
        await client.ping()
        await run.sleep(0.05)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    experiment = Experiment(
        name="redis-client",
        hypothesis="A Redis client finds its data again.",
        workload=Workload(("redis-pair.yaml",), "cache", "cache", 6379),
        checkers=("fault-took-effect",),
        needs=("reach",),
        method=_method,
        source=Path(__file__),
    )
    ran = run_sandboxed(tmp_path_factory.mktemp("reports"), Options(), experiment=experiment)
    assert ran.result.error is None
    return ran.history


def found(history: History, what: str) -> dict[str, Any] | None:
    """What the method wrote down last under that name."""
    return next((details for _, kind, details in reversed(history.marks) if kind == what), None)


def test_it_writes_and_reads_by_the_pods_name(history: History) -> None:
    before = found(history, "before")
    assert before is not None
    assert before == {"set": True, "ping": True}


def test_each_server_has_its_own_data(history: History) -> None:
    other = found(history, "other")
    assert other is not None
    assert other["found"] is None


def test_cluster_commands_are_refused_as_a_standalone_server_refuses_them(history: History) -> None:
    said = [f["said"] for f in (found(history, "cluster"), found(history, "as a cluster")) if f is not None]
    assert said[0] == "This instance has cluster support disabled"
    assert "Cluster mode is not enabled on this node" in said[1]


def test_while_the_pod_is_replaced_the_client_gets_the_errors_of_a_real_network(history: History) -> None:
    during = found(history, "during")
    assert during is not None
    assert during["said"].startswith(("Connection closed by server", "Error "))


def test_what_was_written_is_on_the_volume_when_the_pod_is_back(history: History) -> None:
    after = found(history, "after")
    assert after is not None
    assert after["found"] == "42"
