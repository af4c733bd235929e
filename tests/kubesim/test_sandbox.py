"""The sandbox as a whole: starting, stopping, repeating, failing."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import dns.message
import dns.rcode
import pytest

from kubesim import EPOCH, Cluster, StartError
from kubesim.bootstrap import DNS_ADDRESS, NAMESPACES, corefile
from kubesim.controllers.endpointslice import EndpointSliceController
from kubesim.dns import corefile as coredns
from kubesim.truth import Fact
from kubesim.virtual import run_virtual
from tests.kubesim.unit_web import UnitWeb, in_unit_web

# A start in real time that takes a fraction of a second.
FAST = {
    "kubelet_relist": (0.05, 0.05),
    "kubelet_sandbox": (0.01, 0.01),
    "kubelet_start": (0.01, 0.01),
    "coredns_start": (0.01, 0.01),
}


class Answers:
    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram(self, data: bytes) -> None:
        if not self.first.done():
            self.first.set_result(data)

    def error(self, exc: OSError) -> None:
        self.first.set_exception(exc)


async def ask(sandbox: Cluster, name: str) -> dns.message.Message:
    answers = Answers()
    port = sandbox.vantage.open_udp(DNS_ADDRESS, 53, answers)
    try:
        port.send(dns.message.make_query(name, "A").to_wire())
        async with asyncio.timeout(5):
            return dns.message.from_wire(await answers.first)
    finally:
        port.close()


def test_a_started_sandbox_has_the_objects_of_a_fresh_cluster_and_answers_queries() -> None:
    async def test(lab: UnitWeb) -> None:
        assert [n["metadata"]["name"] for n in lab.store.list("Namespace")] == list(NAMESPACES)
        assert [n["metadata"]["name"] for n in lab.store.list("Node")] == ["node-1", "node-2"]
        zones = [n["metadata"]["labels"]["topology.kubernetes.io/zone"] for n in lab.store.list("Node")]
        assert zones == ["zone-1", "zone-2"]
        assert lab.get("Service", "kubernetes")["spec"]["clusterIP"] == "10.96.0.1"
        assert lab.get("Deployment", "coredns", "kube-system")["status"]["readyReplicas"] == 2
        assert {p["spec"]["nodeName"] for p in lab.store.list("Pod", "kube-system")} == {"node-1", "node-2"}
        answer = await ask(lab.sandbox, "kubernetes.default.svc.cluster.local.")
        assert [str(row) for row in answer.answer[0]] == ["10.96.0.1"]
        assert (await ask(lab.sandbox, "nobody.default.svc.cluster.local.")).rcode() == dns.rcode.NXDOMAIN

    in_unit_web(test)


def test_the_same_seed_gives_the_same_history_to_the_byte() -> None:
    async def test(lab: UnitWeb) -> tuple[list[Fact], list[Any]]:
        lab.deploy()
        await asyncio.sleep(15)
        lab.sandbox.delete("Pod", "web-1")
        lab.sandbox.delete("Pod", "web-2", grace_s=0)
        await asyncio.sleep(60)
        return lab.sandbox.truth.facts, [(at, c.type, c.object) for at, c in lab.commits]

    first = in_unit_web(test, seed=5)
    assert first == in_unit_web(test, seed=5)
    assert first[0] != in_unit_web(test, seed=6)[0]


def test_the_cluster_begins_at_a_fixed_date_so_that_runs_can_be_compared() -> None:
    async def test(lab: UnitWeb) -> None:
        assert lab.get("Namespace", "default", "")["metadata"]["creationTimestamp"] == EPOCH.strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )

    in_unit_web(test)


def test_stopping_leaves_no_task_behind_and_may_be_repeated() -> None:
    async def main() -> None:
        async with Cluster() as sandbox:
            UnitWeb(sandbox).deploy()
            await asyncio.sleep(1.5)
        await sandbox.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())


def test_a_sandbox_that_was_never_started_can_be_stopped() -> None:
    async def main() -> None:
        await Cluster().stop()

    run_virtual(main())


def test_an_error_in_a_controller_is_reported_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(lab: UnitWeb) -> None:
        def broken(self: EndpointSliceController, name: tuple[str, str]) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(EndpointSliceController, "reconcile", broken)
        lab.deploy()
        await asyncio.sleep(5)
        assert isinstance(lab.sandbox.failure(), ZeroDivisionError)
        broken_at_s = lab.now_s()
        await asyncio.sleep(5)
        assert [at for at, _ in lab.commits if at > broken_at_s] == []

    with pytest.raises(ZeroDivisionError):
        in_unit_web(test)


def test_a_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: EndpointSliceController, name: tuple[str, str]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(EndpointSliceController, "reconcile", broken)

    async def main() -> None:
        async with Cluster():
            raise AssertionError

    with pytest.raises(StartError) as caught:
        run_virtual(main())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


async def test_in_real_time_the_api_is_served_on_loopback_to_those_who_have_the_token() -> None:
    async with Cluster(realtime=True, token="secret", overrides=FAST) as sandbox:
        config = sandbox.kubeconfig()
        assert config["current-context"] == "sandbox"
        server = config["clusters"][0]["cluster"]["server"]
        token = config["users"][0]["user"]["token"]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{server}/api/v1/nodes", headers={"Authorization": f"Bearer {token}"}) as response:
                assert [n["metadata"]["name"] for n in (await response.json())["items"]] == ["node-1", "node-2"]
            async with session.get(f"{server}/api/v1/nodes") as response:  # kubectl sends no token over plain HTTP
                assert response.status == 200
            async with session.get(f"{sandbox.url}/api/v1/nodes") as response:
                assert response.status == 401
        assert (await ask(sandbox, "kubernetes.default.svc.cluster.local.")).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(("seconds", "cap"), [(0, 30), (17, 17)])
def test_the_corefile_caches_denials_only_where_asked(seconds: int, cap: int) -> None:
    settings = coredns.parse(corefile(seconds))
    assert settings.denial_cap_s == cap
    assert settings.uncached_denial == (() if seconds else ("cluster.local",))
