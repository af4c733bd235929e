"""What a simulated cluster is made of, and the order in which that starts and stops."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime

from kubesim import relay, running
from kubesim.api.server import ApiServer
from kubesim.bootstrap import corefile as kubeadm_corefile
from kubesim.bootstrap import create_machines, create_services
from kubesim.cluster_dns import StartError, serve_outside_dns, until_dns_answers
from kubesim.containers import ContainerHost, ContainerRuntime
from kubesim.containers.image import Image
from kubesim.control_plane import NODES, ControlPlane, node_address
from kubesim.controllers.pod_facts import record_pod_facts
from kubesim.dns.front import DnsFront
from kubesim.errors import SimulationError
from kubesim.images import SHIPPED
from kubesim.kubeproxy import KubeProxy
from kubesim.life import Life
from kubesim.network import Network
from kubesim.networkpolicy import PolicyEngine
from kubesim.parameters import DELAYS, make_model
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.tasks import Tasks
from kubesim.truth import Truth
from kubesim.vantage import Vantage
from kubesim.virtual import VirtualTimeLoop

# Every simulated run happens at the same date, so that two runs of a seed are alike to the byte.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_START_WITHIN_S = 60.0


class Works:
    """Everything behind the interface of a `Cluster`, which says what its arguments are."""

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
        images: Iterable[Image] = (),
        epoch: datetime | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        if realtime and isinstance(loop, VirtualTimeLoop):
            raise SimulationError(
                "realtime=True on a loop in virtual time, which jumps over what sockets take",
                hint="run it with asyncio.run, or without realtime",
            )
        self._realtime = realtime
        self._corefile = corefile or kubeadm_corefile(negative_cache_s)
        self._reuse_addresses = reuse_addresses
        self._token = token
        self._tasks = Tasks(self._stop_working, strict=strict)
        self._images = SHIPPED.with_images(images)
        self.delays = self.model = make_model(seed, (*DELAYS, *self._images.delays), overrides)
        self.clock = SimClock(loop, epoch or (datetime.now(UTC) if realtime else EPOCH))
        self.store = Store(self.clock, seed)
        self.truth = Truth()
        self.network = Network(loop, self.model, "loopback" if realtime else "memory")
        self.vantage = Vantage(self.network, self.model.rng("ids of DNS queries"))
        self.api = ApiServer(self.store, self.clock, self.model, token=token, dual_stack=dual_stack)
        self.api.connect_stream(relay.PATH, lambda request: relay.Relay(self.vantage).serve(request))
        self._proxy = KubeProxy(self.store, self.network, self.model, self.truth)
        self._policies = PolicyEngine(self.store, self.network, self.model)
        self._control_plane: ControlPlane | None = None
        self._dns_front: DnsFront | None = None
        self._running: running.Running | None = None
        self._life = Life.NEW

    async def start(self) -> None:
        """Bring the cluster up; returns when CoreDNS answers at the cluster DNS address.

        Raises:
            StartError: it does not within a minute of the loop's time, or a part has failed.
            SimulationError: it was started once.
        """
        self._life.need_new()
        self._life = Life.UP
        self._running = running.begin(self.clock.loop)
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
        await serve_outside_dns(self.network, self.model, loop)
        await self.api.start(listen=self._realtime)
        create_machines(self.store, self.api.registry)
        create_services(self.api.registry, self._corefile)
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                await until_dns_answers(self.store, self.vantage, self.failure)
        except TimeoutError as exc:
            raise StartError(f"CoreDNS did not become ready within {_START_WITHIN_S:g} s") from exc

    async def stop(self) -> None:
        """End everything, in the order in which nothing is left without its owner. May be called twice."""
        self._life = Life.OVER
        self._stop_working()
        try:
            await self._tasks.stop()
            await self.api.stop()
            await self.network.close()
        finally:  # of a loop that gives up the tasks above are cancelled, too; nobody forgot to stop it
            if self._running is not None:
                self._running.end()
                self._running = None

    def failure(self) -> BaseException | None:
        """The first error inside the simulated cluster; None while it is sound.

        After an error no controller and no kubelet of a strict cluster works any more; the API server still answers, so
        whoever drives the cluster without `async with` must look here. The error is logged, too.
        """
        return self._tasks.error

    def __del__(self) -> None:
        left = getattr(self, "_running", None)  # none where __init__ raised
        if left is not None and not left.told:
            left.end()
            warnings.warn(str(left), ResourceWarning, stacklevel=1, source=self)

    def _stop_working(self) -> None:
        if self._dns_front is not None:
            self._dns_front.close()
            self._dns_front = None
        if self._control_plane is not None:
            self._control_plane.stop()
            self._control_plane = None
            self._proxy.stop()
            self._policies.stop()
