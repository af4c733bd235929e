"""A pod as its node knows it: containers, network sandbox, and the status that is reported."""

from __future__ import annotations

import asyncio

from kubesim.kubelet.addresses import beside
from kubesim.kubelet.container import Container, Role
from kubesim.kubelet.node import Node
from kubesim.kubelet.status import pod_phase, pod_status
from kubesim.kubelet.waiting import Waiting
from kubesim.store import Object


class LocalPod:
    """State that starting, tending and ending a pod share.

    Attributes:
        object: the last state of the API object that this node has seen.
    """

    def __init__(self, node: Node, pod: Object) -> None:
        self.node = node
        self.plane = node.plane
        self.object = pod
        self.waiting = Waiting(node.plane.loop)
        uid = pod["metadata"]["uid"]
        first = pod["spec"].get("initContainers") or ()
        reason = "PodInitializing" if first else "ContainerCreating"
        self.containers = [Container(c, uid, Role.MAIN, reason) for c in pod["spec"]["containers"]]
        self.init_containers = [Container(c, uid, _role(c), reason) for c in first]
        self.restart_policy: str = pod["spec"].get("restartPolicy", "Always")
        self.sandbox_up = False
        self.ip = ""
        self.start_time = ""

    def draw(self, delay: str) -> float:
        """Seconds of one occurrence of a modelled delay."""
        return self.plane.model.draw(delay)

    def now_s(self) -> float:
        """The loop's time."""
        return self.plane.loop.time()

    @property
    def all_containers(self) -> list[Container]:
        """In the order in which they start."""
        return [*self.init_containers, *self.containers]

    @property
    def sidecars(self) -> list[Container]:
        """In the order in which they start."""
        return [c for c in self.init_containers if c.role is Role.SIDECAR]

    def running(self) -> list[Container]:
        """Containers whose process has not ended."""
        return [c for c in self.all_containers if c.is_running]

    def restarts(self, container: Container) -> bool:
        """Whether a container that has ended is started again while the pod lives."""
        if container.role is Role.SIDECAR or (container.role is Role.MAIN and self.restart_policy == "Always"):
            return True
        return self.restart_policy != "Never" and container.exit_code != 0

    @property
    def is_over(self) -> bool:
        """Nothing but sidecars runs or will be started: all else has ended, or an init container failed for good."""

        def for_good(container: Container) -> bool:
            return container.exit_code is not None and container.retry_at_s is None and not self.restarts(container)

        failed = any(c.exit_code and for_good(c) for c in self.init_containers if c.role is Role.INIT)
        return failed or all(for_good(c) for c in self.containers)

    def plug_in(self) -> None:
        """Create the network sandbox."""
        if self.object["spec"].get("hostNetwork"):
            self.ip = self.node.address
        else:
            self.ip = self.node.addresses.take()
            self.node.link.plug(self.ip)
        self.sandbox_up = True

    async def unplug(self) -> None:
        """Take the network sandbox down: what is sent to the address vanishes from then on."""
        await asyncio.sleep(self.draw("kubelet_network_down"))
        self.release()

    def release(self) -> None:
        """Give the address back at once."""
        if self.sandbox_up and self.ip != self.node.address:
            self.node.link.unplug(self.ip)
            self.node.addresses.give_back(self.ip)
        self.sandbox_up = False

    def phase(self) -> str:
        """As it is to be reported."""
        return pod_phase(self.init_containers, self.containers, self.restart_policy, stopped=self.waiting.stopping)

    def event(self, reason: str, message: str, *, container: Container | None = None, warning: bool = False) -> None:
        """Report something that happened, to one container where it is named."""
        field_path = ""
        if container is not None:
            field_path = f"spec.{'initContainers' if container in self.init_containers else 'containers'}"
            field_path += f"{{{container.name}}}"
        self.node.event(self.object, reason, message, field_path=field_path, warning=warning)

    def report(self, *, addressed: bool = True) -> None:
        """Write the status where it changed, unless the object is gone, or the node is cut off.

        Args:
            addressed: whether the pod's address is told, if it has one.
        """
        if not self.node.link.in_touch.is_set():
            return
        meta, store = self.object["metadata"], self.plane.store
        now = store.get("Pod", meta["namespace"], meta["name"])
        if now is None or now["metadata"]["uid"] != meta["uid"]:
            return
        timestamp = store.clock.timestamp()
        status = pod_status(
            now,
            self.containers,
            self.init_containers,
            phase=self.phase(),
            ip=self.ip if addressed else "",
            ipv6=beside(self.ip) if self.ip and self.node.plane.registry.dual_stack else "",
            sandbox_up=self.sandbox_up,
            host_ip=self.node.address,
            start_time=self.start_time or timestamp,
            now=timestamp,
        )
        if status != now.get("status"):
            store.update("Pod", {**now, "status": status})


def _role(init_container: Object) -> Role:
    return Role.SIDECAR if init_container.get("restartPolicy") == "Always" else Role.INIT
