"""The agent of one node: a worker for each pod that is bound to it.

Node heartbeats (Leases in kube-node-lease, lastHeartbeatTime) are left out: they would only cost time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from chaos.sandbox.kubelet.container import Container
from chaos.sandbox.kubelet.node import Node
from chaos.sandbox.kubelet.worker import PodWorker
from chaos.sandbox.store import Change, Object

_RETRY_S = 10.0  # the kubelet's backOffPeriod: how soon a pod is tried again after an error


class Kubelet:
    """Starts a worker for each new pod of the node, and tells it about changes.

    A worker that fails is replaced after a while; the other pods are not concerned.

    Args:
        spawn: runs a coroutine as a task that the sandbox owns.
    """

    def __init__(self, node: Node, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self.node = node
        self._spawn = spawn
        self._workers: dict[str, PodWorker] = {}
        self._unsubscribe = node.plane.store.subscribe(self._on_change)

    def stop(self) -> None:
        """Hear of no more changes; the workers' tasks are cancelled by who owns them."""
        self._unsubscribe()

    def container(self, uid: str, name: str) -> Container | None:
        """A container of a pod that is here."""
        worker = self._workers.get(uid)
        return None if worker is None else worker.container(name)

    def _on_change(self, change: Change) -> None:
        if change.kind != "Pod" or change.object["spec"].get("nodeName") != self.node.name:
            return
        pod, uid = change.object, change.object["metadata"]["uid"]
        worker = self._workers.get(uid)
        if change.type == "DELETED":
            if worker is not None:
                worker.stop(0.0)
        elif worker is None:
            worker = self._workers[uid] = PodWorker(self.node, pod)
            self._spawn(self._live(uid, worker))
        else:
            worker.changed(pod)
        if worker is not None and _deletion(pod) != _deletion(change.old):
            _stop_where_deleted(worker, pod)

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
