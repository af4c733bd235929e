"""The DNS that a cluster starts with: the servers that pods ask, and the one outside that nodes ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import dns.message

from kubesim.bootstrap import DNS_ADDRESS
from kubesim.dns.outside import RESOLVER_ADDRESS, OutsideServer
from kubesim.dns.tcp_server import DNS_PORT, DnsOverTcp
from kubesim.errors import SimulationError
from kubesim.model import Model
from kubesim.network import Network, Reply
from kubesim.store import Store
from kubesim.vantage import Vantage

_ASK_EVERY_S = 0.1


class StartError(SimulationError, RuntimeError):
    """The simulated cluster did not become ready: a bug in it, or delays too long for it to start."""


class DnsAddresses(NamedTuple):
    """Where cluster DNS answers, at port 53 of UDP and TCP, inside the simulated network.

    Attributes:
        service: the address that pods have in their /etc/resolv.conf.
        servers: of each CoreDNS pod that is ready, by the pod's name.
    """

    service: str
    servers: dict[str, str]


def dns_addresses(store: Store) -> DnsAddresses:
    """As they are now."""
    servers = {}
    for pod in store.list("Pod", "kube-system"):
        status = pod.get("status") or {}
        ready = any(row["type"] == "Ready" and row["status"] == "True" for row in status.get("conditions") or ())
        if ready and pod["metadata"].get("labels", {}).get("k8s-app") == "kube-dns":
            servers[pod["metadata"]["name"]] = status["podIP"]
    return DnsAddresses(DNS_ADDRESS, servers)


async def serve_outside_dns(network: Network, model: Model, loop: asyncio.AbstractEventLoop) -> None:
    """The resolver that nodes use, which their pods with dnsPolicy Default ask."""
    server, processing_s = OutsideServer(), model.sampler("dns_processing")

    def on_datagram(query: bytes, reply: Reply) -> None:
        answer, late_s = server.respond(query)
        if answer is not None:
            reply(answer, processing_s() + late_s)

    network.add_host(RESOLVER_ADDRESS)
    await network.listen_udp(RESOLVER_ADDRESS, DNS_PORT, on_datagram)
    await network.listen_tcp(RESOLVER_ADDRESS, DNS_PORT, lambda: DnsOverTcp(loop, server, processing_s))


async def until_dns_answers(store: Store, vantage: Vantage, failure: Callable[[], BaseException | None]) -> None:
    """Wait until CoreDNS is ready and answers at the cluster DNS address.

    Raises:
        StartError: a part of the cluster failed meanwhile.
    """
    query = dns.message.make_query("kubernetes.default.svc.cluster.local.", "A", id=1).to_wire()
    while not (_coredns_is_ready(store) and await _answers(vantage, query)):
        error = failure()
        if error is not None:
            raise StartError("a part of the sandbox has failed") from error
        await asyncio.sleep(_ASK_EVERY_S)


def _coredns_is_ready(store: Store) -> bool:
    deployment = store.get("Deployment", "kube-system", "coredns")
    status = {} if deployment is None else deployment.get("status", {})
    return bool(status.get("readyReplicas", 0) == 2)  # noqa: PLR2004  # as many as `bootstrap` asks for


async def _answers(vantage: Vantage, query: bytes) -> bool:
    got = asyncio.Event()
    port = vantage.open_udp(DNS_ADDRESS, DNS_PORT, _Receiver(got.set))
    try:
        port.send(query)
        async with asyncio.timeout(_ASK_EVERY_S):
            await got.wait()
    except TimeoutError:
        return False
    finally:
        port.close()
    return True


class _Receiver:
    def __init__(self, answered: Callable[[], None]) -> None:
        self._answered = answered

    def datagram(self, data: bytes) -> None:
        if data:
            self._answered()

    def error(self, exc: OSError) -> None:
        """Nothing listens yet: asked again soon."""
