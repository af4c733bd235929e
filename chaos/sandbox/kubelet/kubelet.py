"""The agent of one node: a worker for each pod that is bound to it.

Node heartbeats (Leases in kube-node-lease, lastHeartbeatTime) are left out: they would only cost time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from chaos.sandbox.kubelet.node import Node
from chaos.sandbox.kubelet.worker import PodWorker
from chaos.sandbox.store import Change, Object


class Kubelet:
    """Starts a worker for each new pod of the node, and tells it about changes.

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
        if worker is not None and _deletion(pod) != _deletion(change.old) and pod["metadata"].get("deletionTimestamp"):
            worker.stop(float(pod["metadata"].get("deletionGracePeriodSeconds") or 0))

    async def _live(self, uid: str, worker: PodWorker) -> None:
        try:
            await worker.run()
        finally:
            del self._workers[uid]


def _deletion(pod: Object | None) -> tuple[Any, Any]:
    meta = {} if pod is None else pod["metadata"]
    return meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds")
