"""NetworkPolicies: what they let pass between pods, and what they do not concern."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim import run_virtual
from kubesim.api.registry import Registry
from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network
from kubesim.network.services import VANTAGE
from kubesim.networkpolicy import POLICY_DELAYS, PolicyEngine
from kubesim.simclock import SimClock
from kubesim.store import Object, Store
from tests.kubesim.network.net_lab import EXACT, VIP, Client, Echo, Receiver, echo, now_s

# name → (namespace, labels, address)
PODS = {
    "web": ("shop", {"app": "web"}, "10.244.1.2"),
    "api": ("shop", {"app": "api"}, "10.244.1.3"),
    "data": ("shop", {"app": "data"}, "10.244.2.2"),
    "client": ("clients", {"app": "client"}, "10.244.2.3"),
}
ALL: Object = {}
DNS_PORTS = [{"protocol": "UDP", "port": 53}]


class Lab:
    """Four pods that serve TCP 80 and 81 and UDP 53, and the policy engine."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        model = Model(1, (*NETWORK_DELAYS, *POLICY_DELAYS), EXACT | {"networkpolicy_sync": (0.05, 0.05)})
        self.store = Store(SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC)), 1)
        self.registry = Registry(self.store, model)
        self.network = Network(loop, model)
        self.engine = PolicyEngine(self.store, self.network, model)

    async def start(self) -> None:
        self.engine.start()
        for namespace in ("shop", "clients"):
            self.registry.create("Namespace", {"metadata": {"name": namespace, "labels": {"team": namespace}}})
        for name, (namespace, labels, address) in PODS.items():
            ports = [{"name": "http", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]
            spec = {"nodeName": "node-1", "containers": [{"name": "c", "image": "x", "ports": ports}]}
            meta = {"name": name, "namespace": namespace, "labels": labels}
            pod = self.registry.create("Pod", {"metadata": meta, "spec": spec})
            self.store.update("Pod", {**pod, "status": {"phase": "Running", "podIP": address}})
            self.network.add_host(address)
            await self.network.listen_tcp(address, 80, Echo)
            await self.network.listen_tcp(address, 81, Echo)
            await self.network.listen_udp(address, 53, echo)

    async def policy(self, name: str = "p", namespace: str = "shop", **spec: Any) -> None:
        self.registry.create("NetworkPolicy", {"metadata": {"name": name, "namespace": namespace}, "spec": spec})
        await asyncio.sleep(0.05)

    async def tcp(self, source: str, target: str, port: int = 80) -> bool:
        """Whether a pod (empty: the vantage) connects within half a second; a drop is silent, never a refusal."""
        try:
            async with asyncio.timeout(0.5):
                await self.connect(source, target, port)
        except TimeoutError:
            return False
        return True

    async def connect(self, source: str, target: str, port: int = 80) -> Client:
        client, address = Client(), PODS[target][2] if target in PODS else target
        await self.network.open_tcp(lambda: client, address, port, source=PODS[source][2] if source else VANTAGE)
        return client

    async def udp(self, source: str, target: str, port: int = 53) -> bool:
        receiver = Receiver()
        address = PODS[target][2] if target in PODS else target
        opened = self.network.open_udp(address, port, receiver, source=PODS[source][2] if source else VANTAGE)
        opened.send(b"?")
        await asyncio.sleep(0.5)
        opened.close()
        return bool(receiver.seen)

    async def who_reaches(self, target: str, port: int = 80) -> set[str]:
        return {source for source in ("", *PODS) if await self.tcp(source, target, port)}


def in_lab(test: Callable[[Lab], Awaitable[None]]) -> None:
    async def main() -> None:
        lab = Lab()
        await lab.start()
        await test(lab)

    run_virtual(main())


def select(**labels: str) -> Object:
    return {"matchLabels": labels}


def test_without_a_policy_everybody_reaches_everybody() -> None:
    async def test(lab: Lab) -> None:
        assert await lab.who_reaches("data") == {"", *PODS}
        assert await lab.udp("client", "data")

    in_lab(test)


def test_a_selected_pod_accepts_only_what_a_rule_lets_in_and_all_from_nodes_and_itself() -> None:
    async def test(lab: Lab) -> None:
        rule = {"from": [{"podSelector": select(app="api")}]}
        await lab.policy(podSelector=select(app="data"), ingress=[rule])
        assert await lab.who_reaches("data") == {"", "api", "data"}
        assert await lab.who_reaches("web") == {"", *PODS}
        assert not await lab.udp("web", "data")
        assert await lab.udp("api", "data")

    in_lab(test)


@pytest.mark.parametrize(
    ("peer", "who"),
    [
        ({"namespaceSelector": select(team="clients")}, {"client"}),
        ({"namespaceSelector": ALL}, {"web", "api", "client"}),
        ({"namespaceSelector": ALL, "podSelector": select(app="web")}, {"web"}),
        ({"namespaceSelector": select(team="clients"), "podSelector": select(app="web")}, set()),
        ({"podSelector": ALL}, {"web", "api"}),
        ({"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.2.0/24"]}}, {"web", "api"}),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}, {"api"}),
    ],
)
def test_each_kind_of_peer_admits_whom_it_names(peer: Object, who: set[str]) -> None:
    async def test(lab: Lab) -> None:
        await lab.policy(podSelector=select(app="data"), ingress=[{"from": [peer]}])
        assert await lab.who_reaches("data") == {"", "data", *who}

    in_lab(test)


@pytest.mark.parametrize(
    ("ports", "open_ports"),
    [
        ([{"port": 80}], {80}),
        ([{"port": "http"}], {80}),
        ([{"port": 79, "endPort": 81}], {80, 81}),
        ([{"protocol": "UDP", "port": 80}], set()),
        ([{}], {80, 81}),
        ([{"port": "other"}], set()),
    ],
)
def test_a_rule_may_be_limited_to_ports(ports: list[Object], open_ports: set[int]) -> None:
    async def test(lab: Lab) -> None:
        await lab.policy(podSelector=ALL, ingress=[{"ports": ports}])
        assert {port for port in (80, 81) if await lab.tcp("api", "data", port)} == open_ports

    in_lab(test)


def test_denied_egress_leaves_ingress_alone_and_dns_may_be_let_through() -> None:
    async def test(lab: Lab) -> None:
        await lab.policy(podSelector=select(app="web"), policyTypes=["Egress"], egress=[{"ports": DNS_PORTS}])
        assert not await lab.tcp("web", "api")
        assert await lab.tcp("api", "web")
        assert await lab.udp("web", "client")

    in_lab(test)


def test_egress_is_judged_at_the_pod_behind_a_service_address() -> None:
    async def test(lab: Lab) -> None:
        lab.network.set_service(VIP, 8080, "TCP", ((PODS["data"][2], 80),))
        rule = {"to": [{"podSelector": select(app="data")}], "ports": [{"port": 80}]}
        await lab.policy(podSelector=select(app="api"), policyTypes=["Egress"], egress=[rule])
        assert await lab.tcp("api", VIP, 8080)
        lab.network.set_service(VIP, 8080, "TCP", ((PODS["web"][2], 80),))
        assert not await lab.tcp("api", VIP, 8080)

    in_lab(test)


def test_policies_add_up_and_both_sides_must_agree() -> None:
    async def test(lab: Lab) -> None:
        await lab.policy("deny", podSelector=ALL)
        assert await lab.who_reaches("data") == {"", "data"}
        await lab.policy("allow", podSelector=select(app="data"), ingress=[{"from": [{"podSelector": ALL}]}])
        assert await lab.who_reaches("data") == {"", "web", "api", "data"}
        await lab.policy("closed", podSelector=select(app="api"), policyTypes=["Egress"])
        assert await lab.who_reaches("data") == {"", "web", "data"}

    in_lab(test)


def test_a_connection_that_is_made_outlives_a_policy_and_new_ones_time_out_until_it_is_gone() -> None:
    async def test(lab: Lab) -> None:
        client = await lab.connect("api", "data")
        await lab.policy(podSelector=ALL)
        began_s = now_s()
        client.transport.write(b"still")
        asyncio.get_running_loop().call_later(5, lambda: lab.store.remove("NetworkPolicy", "shop", "p"))
        await lab.connect("api", "data")
        # SYNs at 0, 1, 3 and 7 s; the policy is gone after 5.05 s.
        assert 7 < now_s() - began_s < 7.01
        assert client.data == b"still"

    in_lab(test)


def test_a_drop_is_etimedout_after_the_kernels_last_syn() -> None:
    async def test(lab: Lab) -> None:
        await lab.policy(podSelector=ALL)
        began_s = now_s()
        with pytest.raises(TimeoutError) as caught:
            await lab.connect("api", "data")
        assert caught.value.errno == errno.ETIMEDOUT
        assert now_s() - began_s == pytest.approx(127, abs=0.01)

    in_lab(test)


def test_labels_count_as_they_are_when_the_packet_is_sent() -> None:
    async def test(lab: Lab) -> None:
        rule = {"from": [{"podSelector": select(role="friend")}]}
        await lab.policy(podSelector=select(app="data"), ingress=[rule])
        assert not await lab.tcp("api", "data")
        pod = lab.store.get("Pod", "shop", "api")
        assert pod is not None
        meta = {**pod["metadata"], "labels": {"role": "friend"}}
        lab.store.update("Pod", {**pod, "metadata": meta})
        assert await lab.tcp("api", "data")

    in_lab(test)


def test_the_server_sees_the_address_of_the_pod_that_connects() -> None:
    async def test(lab: Lab) -> None:
        made: list[Echo] = []
        await lab.network.listen_tcp(PODS["data"][2], 82, lambda: Echo(made))
        await lab.connect("client", "data", 82)
        await lab.connect("", "data", 82)
        peers = [echo_.transport.get_extra_info("peername")[0] for echo_ in made]
        assert peers == ["10.244.2.3", "10.244.0.1"]

    in_lab(test)


def test_a_pod_without_a_network_reaches_nobody() -> None:
    async def test(lab: Lab) -> None:
        lab.network.remove_host(PODS["api"][2])
        assert not await lab.tcp("api", "data")
        assert not await lab.udp("api", "data")

    in_lab(test)
