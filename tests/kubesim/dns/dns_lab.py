"""CoreDNS replicas on a store that tests fill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dns.message
import yaml

from kubesim.dns import DNS_DELAYS, CoreDNS
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.truth import Truth
from kubesim.virtual import VirtualTimeLoop

_KUBE_DNS = """
{kind: Namespace, metadata: {name: kube-system}}
---
{kind: Pod, metadata: {name: coredns-1, namespace: kube-system}, status: {podIP: 10.244.1.2}}
---
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.96.0.10, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]}
---
kind: EndpointSlice
metadata: {name: kube-dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
endpoints: [{addresses: [10.244.1.2]}, {addresses: [10.244.2.2]}]
"""


class DnsLab:
    """A store, its clock in virtual time, and replicas."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.clock = SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC))
        self.store = Store(self.clock, seed=1)
        self.truth = Truth()
        self.replicas: list[CoreDNS] = []
        self.add(_KUBE_DNS)

    def add(self, manifests: str) -> None:
        """Create every object of a YAML text."""
        for obj in yaml.safe_load_all(manifests):
            self.store.create(obj["kind"], obj)

    def corefile(self, text: str) -> None:
        """Configure CoreDNS; before `replica`."""
        self.store.create(
            "ConfigMap", {"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {"Corefile": text}}
        )

    def replica(self, name: str = "coredns-1", propagation_s: tuple[float, float] = (0.004, 0.004)) -> CoreDNS:
        """Start a replica."""
        model = Model(1, DNS_DELAYS, {"dns_propagation": propagation_s})
        dns_server = CoreDNS(self.store, self.clock, model, self.truth, name)
        dns_server.start()
        self.replicas.append(dns_server)
        return dns_server

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.loop.run_until_complete(asyncio.sleep(seconds))


def ask(server: CoreDNS, name: str, rtype: str = "A", *, tcp: bool = False) -> dns.message.Message:
    """The answer to a question, parsed by dnspython."""
    answer = server.answer(dns.message.make_query(name + ".", rtype).to_wire(), tcp=tcp)
    assert answer is not None
    return dns.message.from_wire(answer)


def records(server: CoreDNS, name: str, rtype: str = "A") -> list[str]:
    """Data of an answer's records."""
    return sorted(r.to_text() for rrset in ask(server, name, rtype).answer for r in rrset)


@contextmanager
def dns_lab() -> Iterator[DnsLab]:
    """A lab in virtual time, which `DnsLab.run` lets pass."""
    loop = VirtualTimeLoop()
    lab = DnsLab(loop)
    try:
        yield lab
    finally:
        for server in lab.replicas:
            server.stop()
        loop.close()
