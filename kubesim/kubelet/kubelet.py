"""The agent of one node: a worker for each pod that is bound to it.

Node heartbeats (Leases in kube-node-lease, lastHeartbeatTime) are not written: they would only cost time. The node
lifecycle controller knows of a node that is cut off when the last one would have been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from kubesim.fields.pod_state import condition
from kubesim.kubelet.container import Container
from kubesim.kubelet.node import Node
from kubesim.kubelet.node_status import conditions
from kubesim.kubelet.worker import PodWorker
from kubesim.node_link import is_cut
from kubesim.store import Change, Object

_RETRY_S = 10.0  # the kubelet's backOffPeriod: how soon a pod is tried again after an error


class Kubelet:
    """Starts a worker for each new pod of the node, and tells it about changes.

    A worker that fails is replaced after a while; the other pods are not concerned.

    Args:
        spawn: runs a coroutine as a task that the simulated cluster owns.
    """

    def __init__(self, node: Node, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self.node = node
        self._spawn = spawn
        self._workers: dict[str, PodWorker] = {}
        self._rejoin: asyncio.TimerHandle | None = None
        self._unsubscribe = node.plane.store.subscribe(self._on_change)

    def stop(self) -> None:
        """Hear of no more changes; the workers' tasks are cancelled by who owns them."""
        self._unsubscribe()
        if self._rejoin is not None:
            self._rejoin.cancel()

    def container(self, uid: str, name: str) -> Container | None:
        """A container of a pod that is here."""
        worker = self._workers.get(uid)
        return None if worker is None else worker.container(name)

    def _on_change(self, change: Change) -> None:
        if change.kind == "Node" and change.object["metadata"]["name"] == self.node.name:
            self._follow_link(change.object)
        if not self.node.link.in_touch.is_set() or change.kind != "Pod":
            return
        if change.object["spec"].get("nodeName") != self.node.name:
            return
        pod, uid = change.object, change.object["metadata"]["uid"]
        worker = self._workers.get(uid)
        if change.type == "DELETED":
            if worker is not None:
                worker.stop(0.0)
        else:
            self._start_or_tell(uid, pod)
            worker = self._workers[uid]
        if worker is not None and _deletion(pod) != _deletion(change.old):
            _stop_where_deleted(worker, pod)

    def _follow_link(self, node: Object) -> None:
        """Cut the node off, or join it, as its annotation says."""
        link = self.node.link
        down = is_cut(node)
        if down and self._rejoin is not None:
            self._rejoin.cancel()
            self._rejoin = None
        if down and link.up:
            link.cut()
        elif not down and not link.up:
            link.join()
            delay_s = self.node.plane.model.draw("kubelet_rejoin")
            self._rejoin = self.node.plane.call_later(delay_s, self._in_touch_again)

    def _in_touch_again(self) -> None:
        """Post the node's status, and learn what has become of its pods."""
        self._rejoin = None
        self.node.link.in_touch.set()
        plane = self.node.plane
        node = plane.store.get("Node", "", self.node.name)
        if node is not None:
            status = node.get("status") or {}
            rows = conditions(plane.store.clock.timestamp(), status)
            ready = condition(node, "Ready")
            if ready is None or ready["status"] != "True":
                message = f"Node {self.node.name} status is now: NodeReady"
                plane.events.record(node, "Node", "NodeReady", message, component="kubelet", host=self.node.name)
            plane.store.update("Node", {**node, "status": {**status, "conditions": rows}})
        pods = {pod["metadata"]["uid"]: pod for pod in plane.index.pods_on(self.node.name).values()}
        for uid, worker in tuple(self._workers.items()):
            if uid not in pods:
                worker.stop(0.0)
        for uid, pod in pods.items():
            self._start_or_tell(uid, pod)
            self._workers[uid].report_again()  # seen in the lab: Ready is reported even for pods that are ended next
            _stop_where_deleted(self._workers[uid], pod)

    def _start_or_tell(self, uid: str, pod: Object) -> None:
        worker = self._workers.get(uid)
        if worker is None:
            worker = self._workers[uid] = PodWorker(self.node, pod)
            self._spawn(self._live(uid, worker))
        else:
            worker.changed(pod)

    async def _live(self, uid: str, worker: PodWorker) -> None:
        try:
            while not await self._succeeds(worker):
                await asyncio.sleep(_RETRY_S)
                pod = self.node.plane.store.get("Pod", worker.namespace, worker.name)
                if pod is None or pod["metadata"]["uid"] != uid:
                    return
                worker = self._workers[uid] = PodWorker(self.node, pod)
                _stop_where_deleted(worker, pod)
        finally:
            del self._workers[uid]

    async def _succeeds(self, worker: PodWorker) -> bool:
        try:
            await worker.run()
        except Exception as exc:  # noqa: BLE001  # it concerns this pod only; reported, not lost
            worker.abandon()
            exc.add_note(f"the kubelet of {self.node.name} was at {worker.namespace}/{worker.name}")
            self.node.plane.fail(exc)
            return False
        return True


def _stop_where_deleted(worker: PodWorker, pod: Object) -> None:
    if pod["metadata"].get("deletionTimestamp"):
        worker.stop(float(pod["metadata"].get("deletionGracePeriodSeconds") or 0))


def _deletion(pod: Object | None) -> tuple[Any, Any]:
    meta = {} if pod is None else pod["metadata"]
    return meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds")
