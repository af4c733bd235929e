"""A StatefulSet of many pods: every name resolves at every view, and what carries them keeps to the real limits."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import dns.flags
import dns.message

from benchmarks import scale
from chaos.probes import DnsView, Resolver
from kubesim.bootstrap import DNS_ADDRESS
from kubesim.virtual import run_virtual
from tests.kubesim.test_sandbox import ask
from tests.kubesim.unit_web import DOMAIN, UnitWeb, in_unit_web

PODS = 120


def test_every_name_of_a_large_set_resolves_and_is_probed_at_every_view(tmp_path: Path) -> None:
    cost = run_virtual(scale.measure(50, tmp_path))
    assert cost["resolved"] == 50 * 3  # two CoreDNS pods and their service's address
    assert cost["samples"] >= 50 * 3 * 10
    assert cost["agreeing"] >= 0.99 * cost["samples"]  # the network loses a datagram now and then


def test_a_large_set_has_slices_of_100_and_is_whole_over_tcp_only() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy(replicas=PODS, services=False)
        spec = {"clusterIP": "None", "selector": {"app": "web-stateful"}, "ports": [{"name": "web", "port": 80}]}
        lab.sandbox.api.registry.create("Service", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
        await asyncio.sleep(2 * PODS)  # ordered: one after the other
        slices = [s for s in lab.store.list("EndpointSlice", "default") if s["metadata"]["name"].startswith("web-")]
        assert sorted(len(s["endpoints"]) for s in slices) == [20, 100]
        pods = {p["status"]["podIP"] for p in lab.store.list("Pod", "default")}
        assert len(pods) == PODS
        truncated = await ask(lab.sandbox, f"{DOMAIN}.")
        assert truncated.flags & dns.flags.TC
        whole = await ask_tcp(lab, f"{DOMAIN}.")
        assert {str(address) for rrset in whole.answer for address in rrset} == pods
        resolver = Resolver(lab.sandbox.vantage, DnsView("service", DNS_ADDRESS, balanced=True), 1.0)
        for rtype, expected in (("A", pods), ("SRV", {f"web-{n}.{DOMAIN}" for n in range(PODS)})):
            found = await resolver.ask(DOMAIN, rtype)
            assert set(found.values) == expected
        assert resolver.over_tcp == 1

    in_unit_web(test)


class Stream(asyncio.Protocol):
    """Collects one message behind its length."""

    def __init__(self) -> None:
        self.message: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        if len(self._data) >= 2 and len(self._data) >= 2 + int.from_bytes(self._data[:2], "big"):
            self.message.set_result(self._data[2:])


async def ask_tcp(lab: UnitWeb, name: str) -> dns.message.Message:
    stream = Stream()
    transport = await lab.sandbox.vantage.open_tcp(lambda: stream, DNS_ADDRESS, 53)
    try:
        query = dns.message.make_query(name, "A").to_wire()
        transport.write(struct.pack("!H", len(query)) + query)
        async with asyncio.timeout(5):
            return dns.message.from_wire(await stream.message)
    finally:
        transport.close()
