"""The simulated cluster as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import dns.message

from kubesim.api.delays import API_DELAYS
from kubesim.api.server import ApiServer
from kubesim.bootstrap import DNS_ADDRESS, create_machines, create_services
from kubesim.bootstrap import corefile as kubeadm_corefile
from kubesim.containers import ContainerHost, ContainerRuntime
from kubesim.containers.image import Image
from kubesim.control_plane import NODES, ControlPlane, node_address
from kubesim.controllers.pod_facts import record_pod_facts
from kubesim.delays import CONTROLLER_DELAYS
from kubesim.dns.delays import DNS_DELAYS
from kubesim.dns.front import DnsFront, serve_loopback
from kubesim.dns.outside import RESOLVER_ADDRESS, OutsideServer
from kubesim.dns.tcp_server import DNS_PORT, DnsOverTcp
from kubesim.images import IMAGE_DELAYS, SHIPPED
from kubesim.kubeproxy import KUBEPROXY_DELAYS, KubeProxy
from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network, Reply
from kubesim.networkpolicy import POLICY_DELAYS, PolicyEngine
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.tasks import Tasks
from kubesim.truth import Truth
from kubesim.vantage import Vantage

DELAYS = (
    *API_DELAYS,
    *CONTROLLER_DELAYS,
    *KUBEPROXY_DELAYS,
    *POLICY_DELAYS,
    *NETWORK_DELAYS,
    *IMAGE_DELAYS,
    *DNS_DELAYS,
)
# Every simulated run happens at the same date, so that two runs of a seed are alike to the byte.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_START_WITHIN_S = 60.0
_ASK_EVERY_S = 0.1


class StartError(RuntimeError):
    """The simulated cluster did not become ready: a bug in the sandbox."""


class Cluster:
    """A Kubernetes cluster of two nodes with CoreDNS, in this process and on this event loop.

    Args:
        seed: same seed, same sequence of events (in virtual time).
        realtime: carry traffic over loopback sockets instead of memory, for a loop that runs in real time.
        overrides: delays of the model by name, as (low_s, high_s).
        negative_cache_s: how long CoreDNS caches denials; 0 as kubeadm configures it.
        corefile: CoreDNS's whole configuration at the start; empty: kubeadm's, with `negative_cache_s`.
        reuse_addresses: a node gives a new pod the lowest address that is free, so that a pod may come back with its
            old one, instead of the next one in turn.
        dual_stack: pods have an IPv6 address too, and headless services that prefer dual stack have both families.
            Nothing listens there: it is for what DNS says.
        token: what clients must present; empty lets everybody in.
        strict: whether an error in a controller or a kubelet is a failure of the whole sandbox (see `failure`), so that
            no result rests on an unnoticed bug. Otherwise it is logged and tried again, as a real cluster does.
        images: that its nodes have besides those of `kubesim.images`.
        epoch: the date at which the cluster begins; None for `EPOCH`, or for now where `realtime`.

    Raises:
        KeyError: an override names no parameter.
        SimulationError: an image has no usable name.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        realtime: bool = False,
        overrides: dict[str, tuple[float, float]] | None = None,
        negative_cache_s: int = 0,
        corefile: str = "",
        reuse_addresses: bool = False,
        dual_stack: bool = False,
        token: str = "",
        strict: bool = True,
        images: Sequence[Image] = (),
        epoch: datetime | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._realtime = realtime
        self._corefile = corefile or kubeadm_corefile(negative_cache_s)
        self._reuse_addresses = reuse_addresses
        self._token = token
        self._tasks = Tasks(self._stop_working, strict=strict)
        self._images = SHIPPED.with_images(images)
        self.model = Model(seed, (*DELAYS, *self._images.delays), overrides)
        self.clock = SimClock(loop, epoch or (datetime.now(UTC) if realtime else EPOCH))
        self.store = Store(self.clock, seed)
        self.truth = Truth()
        self.network = Network(loop, self.model, "loopback" if realtime else "memory")
        self.vantage = Vantage(self.network, self.model.rng("ids of DNS queries"))
        self.api = ApiServer(self.store, self.clock, self.model, token=token, dual_stack=dual_stack)
        self._proxy = KubeProxy(self.store, self.network, self.model, self.truth)
        self._policies = PolicyEngine(self.store, self.network, self.model)
        self._control_plane: ControlPlane | None = None
        self._dns_front: DnsFront | None = None

    async def start(self) -> None:
        """Bring the cluster up; returns when CoreDNS answers at the cluster DNS address.

        Raises:
            StartError: it does not within a minute of the loop's time, or a part has failed.
        """
        await self._tasks.start()
        loop = self.clock.loop
        host = ContainerHost(self.network, self.store, self.clock, self.model, self.truth, loop, self._tasks.spawn)
        runtime = ContainerRuntime(host, self._images)
        self._control_plane = ControlPlane(
            self.store,
            self.api.registry,
            self.model,
            runtime,
            self.network,
            reuse_addresses=self._reuse_addresses,
            spawn=self._tasks.spawn,
            fail=self._tasks.fail,
        )
        self.api.connect_kubelets(self._control_plane.container)
        record_pod_facts(self.store, self.truth)
        self._proxy.start()
        self._policies.start()
        for number, _ in enumerate(NODES, 1):
            self.network.add_host(node_address(number))
        await self._serve_outside_dns()
        await self.api.start(listen=self._realtime)
        create_machines(self.store, self.api.registry)
        create_services(self.api.registry, self._corefile)
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await self._until_dns_answers()
        except TimeoutError as exc:
            raise StartError(f"CoreDNS did not become ready within {_START_WITHIN_S:g} s") from exc

    async def _serve_outside_dns(self) -> None:
        """The resolver that nodes use, which their pods with dnsPolicy Default ask."""
        server, processing_s = OutsideServer(), self.model.sampler("dns_processing")

        def on_datagram(query: bytes, reply: Reply) -> None:
            answer, late_s = server.respond(query)
            if answer is not None:
                reply(answer, processing_s() + late_s)

        self.network.add_host(RESOLVER_ADDRESS)
        await self.network.listen_udp(RESOLVER_ADDRESS, DNS_PORT, on_datagram)
        loop = self.clock.loop
        await self.network.listen_tcp(RESOLVER_ADDRESS, DNS_PORT, lambda: DnsOverTcp(loop, server, processing_s))

    async def serve_dns(self) -> tuple[str, int]:
        """Open the cluster DNS address to other programs: a loopback host and port, UDP and TCP. Real time only.

        Raises:
            OSError: no port can be had.
        """
        self._dns_front = await serve_loopback(self.network, DNS_ADDRESS)
        return self._dns_front.host, self._dns_front.port

    async def stop(self) -> None:
        """End everything, in the order in which nothing is left without its owner. May be called twice."""
        self._stop_working()
        await self._tasks.stop()
        await self.api.stop()
        await self.network.close()

    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig for the API server, with one context called ``sandbox``."""
        name = "sandbox"
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.api.kubeconfig_url}}],
            "users": [{"name": name, "user": {"token": self._token} if self._token else {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }

    def failure(self) -> BaseException | None:
        """The first error inside the simulated cluster; None while it is sound.

        After an error no controller and no kubelet of a strict sandbox works any more; the API server still answers, so
        whoever drives the sandbox must look here. The error is logged, too.
        """
        return self._tasks.error

    def _stop_working(self) -> None:
        if self._dns_front is not None:
            self._dns_front.close()
            self._dns_front = None
        if self._control_plane is not None:
            self._control_plane.stop()
            self._control_plane = None
            self._proxy.stop()
            self._policies.stop()

    async def _until_dns_answers(self) -> None:
        query = dns.message.make_query("kubernetes.default.svc.cluster.local.", "A", id=1).to_wire()
        while not (self._coredns_is_ready() and await self._answers(query)):
            error = self.failure()
            if error is not None:
                raise StartError("a part of the sandbox has failed") from error
            await asyncio.sleep(_ASK_EVERY_S)

    def _coredns_is_ready(self) -> bool:
        deployment = self.store.get("Deployment", "kube-system", "coredns")
        status = {} if deployment is None else deployment.get("status", {})
        return bool(status.get("readyReplicas", 0) == 2)  # noqa: PLR2004  # as many as `bootstrap` asks for

    async def _answers(self, query: bytes) -> bool:
        got = asyncio.Event()
        port = self.vantage.open_udp(DNS_ADDRESS, 53, _Receiver(got.set))
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
