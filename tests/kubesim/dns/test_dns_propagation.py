"""When a replica's answers change, and what the sandbox says about it."""

from __future__ import annotations

import copy
from typing import Any

import dns.rcode

from kubesim.dns import CoreDNS
from tests.kubesim.dns.dns_lab import DnsLab, ask, dns_lab, records

_WEB = """
{kind: Namespace, metadata: {name: default}}
---
kind: Service
metadata: {name: web, namespace: default}
spec: {clusterIP: None, ports: [{name: web, port: 80}]}
---
kind: EndpointSlice
metadata: {name: web-x, namespace: default, labels: {kubernetes.io/service-name: web}}
ports: [{name: web, port: 80, protocol: TCP}]
endpoints:
- {addresses: [10.244.1.5], hostname: web-0, conditions: {ready: true}}
- {addresses: [10.244.1.6], hostname: web-1, conditions: {ready: true}}
"""
_SERVICE = "web.default.svc.cluster.local"
_WEB_0 = f"web-0.{_SERVICE}"
_WEB_1 = f"web-1.{_SERVICE}"


def _edit_slice(lab: DnsLab, **endpoint_1: Any) -> None:
    """Commit a change of web-1's endpoint."""
    obj = copy.deepcopy(lab.store.get("EndpointSlice", "default", "web-x"))
    assert obj is not None
    obj["endpoints"][1] |= endpoint_1
    lab.store.update("EndpointSlice", obj)


def _rcode(server: CoreDNS, name: str) -> str:
    return dns.rcode.to_text(ask(server, name).rcode())


def test_an_endpoint_that_is_not_ready_leaves_after_exactly_the_propagation_delay() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica(propagation_s=(0.004, 0.004))
        lab.run(1)
        _edit_slice(lab, conditions={"ready": False, "serving": True, "terminating": True})
        lab.run(0.0039)
        assert _rcode(server, _WEB_1) == "NOERROR"
        lab.run(0.0002)
        assert _rcode(server, _WEB_1) == "NXDOMAIN"
        assert records(server, _SERVICE) == ["10.244.1.5"]
        assert _rcode(server, _WEB_0) == "NOERROR"


def test_facts_carry_the_exact_instant_and_only_what_changed() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        lab.replica(propagation_s=(0.004, 0.004))
        lab.run(1)
        lab.truth.facts.clear()
        _edit_slice(lab, conditions={"ready": False})
        lab.run(1)
        assert {(round(f.at_s, 9), f.name, f.rtype, f.value) for f in lab.truth.facts} == {
            (1.004, _SERVICE, "A", ("10.244.1.5",)),
            (1.004, _SERVICE, "SRV", (_WEB_0,)),
            (1.004, _WEB_1, "A", ()),
            (1.004, "6.1.244.10.in-addr.arpa", "PTR", ()),
        }


def test_replicas_learn_at_instants_of_their_own() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        lab.replica("coredns-1", (0.002, 0.002))
        lab.replica("coredns-2", (0.007, 0.007))
        _edit_slice(lab, addresses=["10.244.9.9"])
        lab.run(1)
        changes = {
            f.where: round(f.at_s, 9) for f in lab.truth.of("dns", _WEB_1, rtype="A") if f.value == ("10.244.9.9",)
        }
        assert changes == {"coredns-1": 0.002, "coredns-2": 0.007}


def test_a_later_change_never_overtakes_an_earlier_one() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica(propagation_s=(0.001, 0.050))
        for host in range(50):
            _edit_slice(lab, addresses=[f"10.244.3.{host}"])
        lab.run(1)
        seen = [f.value for f in lab.truth.of("dns", _WEB_1, rtype="A")][1:]
        assert seen == [(f"10.244.3.{host}",) for host in range(50)]
        assert records(server, _WEB_1) == ["10.244.3.49"]


def test_a_change_that_dns_does_not_see_says_nothing_and_keeps_the_serial() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica()
        lab.run(100)
        serial = ask(server, "cluster.local", "SOA").answer[0][0].serial
        lab.truth.facts.clear()
        _edit_slice(lab, targetRef={"kind": "Pod", "name": "web-1"})
        lab.run(1)
        assert lab.truth.facts == []
        assert ask(server, "cluster.local", "SOA").answer[0][0].serial == serial


def test_the_serial_is_the_time_of_the_last_change_that_dns_saw() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica()
        lab.run(100)
        _edit_slice(lab, addresses=["10.244.9.9"])
        lab.run(1)
        assert ask(server, "cluster.local", "SOA").answer[0][0].serial == int(lab.clock.wall().timestamp()) - 1


def test_a_deleted_service_takes_all_its_names_along() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica()
        lab.store.remove("Service", "default", "web")
        lab.run(1)
        assert _rcode(server, _SERVICE) == _rcode(server, _WEB_0) == "NXDOMAIN"
        assert [f.value for f in lab.truth.of("dns", _WEB_0, rtype="A")] == [("10.244.1.5",), ()]


def test_a_deleted_slice_takes_its_endpoints_along() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica()
        lab.store.remove("EndpointSlice", "default", "web-x")
        lab.run(1)
        assert _rcode(server, _SERVICE) == "NXDOMAIN"


def test_a_stopped_replica_learns_nothing_more() -> None:
    with dns_lab() as lab:
        lab.add(_WEB)
        server = lab.replica()
        _edit_slice(lab, addresses=["10.244.9.9"])
        server.stop()
        lab.run(1)
        assert records(server, _WEB_1) == ["10.244.1.6"]
