"""A served practice cluster (`chaos sandbox`) says what it is, and its pods are reached through its API server."""

import asyncio
import errno
from collections.abc import Awaitable, Callable

import pytest

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.engine.practice import vantage_onto
from chaos.probes import DnsView, Resolver
from chaos.vantage import Vantage
from chaos.vantage.local import LocalVantage
from kubesim import VirtualTimeLoop

PAGE = b"HTTP/1.1 200"


async def fetched(vantage: Vantage, address: str, port: int) -> bytes:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await vantage.open_tcp(lambda: protocol, address, port)
    transport.write(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    said = await reader.read()
    transport.close()
    return said


def on_practice_cluster(use: Callable[[kubesim.Cluster, Cluster, Vantage], Awaitable[None]]) -> None:
    async def main() -> None:
        async with kubesim.Cluster(seed=1) as served:
            spec = {"containers": [{"name": "web", "image": "nginx:alpine"}]}
            served.api.registry.create("Pod", {"metadata": {"name": "web"}, "spec": spec}, namespace="default")
            await asyncio.sleep(10)
            cluster = await connect(ClusterAddress(url=served.url, connector=served.connector()))
            try:
                async with vantage_onto(cluster, LocalVantage()) as vantage:
                    await use(served, cluster, vantage)
            finally:
                await cluster.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def test_its_pods_and_its_dns_are_reached() -> None:
    async def use(served: kubesim.Cluster, cluster: Cluster, vantage: Vantage) -> None:
        assert cluster.simulated
        pod = served.store.get("Pod", "default", "web")
        assert pod is not None
        assert (await fetched(vantage, pod["status"]["podIP"], 80)).startswith(PAGE)
        view = DnsView("service", "10.96.0.10")
        answer = await Resolver(vantage, view, 1.0).ask("kubernetes.default.svc.cluster.local", "A")
        assert answer.values == ("10.96.0.1",)
        with pytest.raises(ConnectionRefusedError):
            await fetched(vantage, pod["status"]["podIP"], 81)

    on_practice_cluster(use)


def test_what_is_no_address_is_refused_and_the_relay_goes_on() -> None:
    async def use(served: kubesim.Cluster, _cluster: Cluster, vantage: Vantage) -> None:
        with pytest.raises(OSError, match="Invalid argument") as caught:
            await fetched(vantage, "localhost", 22)
        assert caught.value.errno == errno.EINVAL
        pod = served.store.get("Pod", "default", "web")
        assert pod is not None
        assert (await fetched(vantage, pod["status"]["podIP"], 80)).startswith(PAGE)

    on_practice_cluster(use)


def test_it_allows_its_one_user_everything() -> None:
    async def use(_served: kubesim.Cluster, cluster: Cluster, _vantage: Vantage) -> None:
        attributes = {"verb": "delete", "resource": "pods", "namespace": "default"}
        review = {"kind": "SelfSubjectAccessReview", "metadata": {"name": ""}}
        answer = await cluster.create({**review, "spec": {"resourceAttributes": attributes}})
        assert answer["status"]["allowed"]
        assert answer["spec"] == {"resourceAttributes": attributes}

    on_practice_cluster(use)
