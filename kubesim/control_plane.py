"""All controllers, the scheduler and the kubelets of a simulated cluster."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from kubesim.api.registry import Registry
from kubesim.controllers.base import Controller
from kubesim.controllers.deployment import DeploymentController
from kubesim.controllers.disruption import DisruptionController
from kubesim.controllers.endpoints_objects import EndpointsController
from kubesim.controllers.endpointslice import EndpointSliceController
from kubesim.controllers.events import EventRecorder
from kubesim.controllers.garbage import GarbageCollector
from kubesim.controllers.index import Index
from kubesim.controllers.job import JobController
from kubesim.controllers.namespaces import NamespaceController
from kubesim.controllers.node_lifecycle import NodeLifecycleController
from kubesim.controllers.plane import Plane
from kubesim.controllers.quota import QuotaController
from kubesim.controllers.replicaset import ReplicaSetController
from kubesim.controllers.scheduler import Scheduler
from kubesim.controllers.statefulset import StatefulSetController
from kubesim.controllers.taint_eviction import TaintEvictionController
from kubesim.controllers.volumes import VolumeController
from kubesim.kubelet import Kubelet, Node, PodNetwork, Runtime
from kubesim.kubelet.addresses import AddressPool
from kubesim.kubelet.container import Container
from kubesim.kubelet.link import Link
from kubesim.kubelet.relist import Relist
from kubesim.model import Model
from kubesim.store import Store

NODES = ("node-1", "node-2")
_CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    EndpointSliceController,
    StatefulSetController,
    DeploymentController,
    ReplicaSetController,
    VolumeController,
    DisruptionController,
    JobController,
    QuotaController,
    EndpointsController,
    NodeLifecycleController,
    TaintEvictionController,
    GarbageCollector,
    Scheduler,
)


def node_address(number: int) -> str:
    """Of the machine that node N is."""
    return f"172.30.0.{10 + number}"


class ControlPlane:
    """Starts working when it is made: it must exist before the first object.

    Args:
        reuse_addresses: see `AddressPool`.
        spawn: runs a coroutine as a task that somebody owns.
        fail: takes an error that must not be lost.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        model: Model,
        runtime: Runtime,
        network: PodNetwork,
        *,
        reuse_addresses: bool = False,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        loop = store.clock.loop
        self._index = Index(store)
        self._plane = Plane(store, registry, self._index, model, EventRecorder(store), loop, fail)
        self._controllers = [make(self._plane) for make in _CONTROLLERS]
        phases = model.rng("kubelet_relist_phase")
        self._kubelets: list[Kubelet] = []
        for number, name in enumerate(NODES, 1):
            period_s = model.draw("kubelet_relist")
            relist = Relist(loop.time() + period_s * phases.random(), period_s)
            pool = AddressPool(number, len(NODES), reuse=reuse_addresses)
            link = Link(name, node_address(number), network)
            node = Node(name, node_address(number), self._plane, runtime, link, pool, relist)
            self._kubelets.append(Kubelet(node, spawn))

    def container(self, uid: str, name: str) -> Container | None:
        """A container of the pod with that UID, from the kubelet that runs it."""
        found = (kubelet.container(uid, name) for kubelet in self._kubelets)
        return next((container for container in found if container is not None), None)

    def stop(self) -> None:
        """Do nothing more; the kubelets' tasks are cancelled by who owns them."""
        for controller in self._controllers:
            controller.stop()
        for kubelet in self._kubelets:
            kubelet.stop()
        self._index.close()
