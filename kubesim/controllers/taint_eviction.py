"""Taint-based eviction (pkg/controller/tainteviction): pods that do not tolerate their node any longer are deleted."""

from __future__ import annotations

from kubesim.controllers import taints
from kubesim.controllers.base import Controller, Name
from kubesim.controllers.plane import Plane
from kubesim.fields.pod_state import condition, is_terminating
from kubesim.store import Change, Object, clone

COMPONENT = "taint-eviction-controller"


class TaintEvictionController(Controller):
    """Deletes pods from nodes with NoExecute taints, each when its shortest toleration is over."""

    delay = "taint_eviction_sync"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._since: dict[str, float] = {}  # by UID: when a pod's wait began

    def on_change(self, change: Change) -> None:
        if change.kind == "Node":
            old = [] if change.old is None else taints.of(change.old, "NoExecute")
            if old != taints.of(change.object, "NoExecute"):
                for key in self.index.pods_on(change.object["metadata"]["name"]):
                    self.enqueue(*key[1:])
        elif change.kind == "Pod" and change.type == "DELETED":
            self._since.pop(change.object["metadata"]["uid"], None)
        elif change.kind == "Pod" and _node(change.object) and (change.old is None or not _node(change.old)):
            node = self.store.get("Node", "", _node(change.object))
            if node is not None and taints.of(node, "NoExecute"):
                self.enqueue_object(change.object)

    def reconcile(self, name: Name) -> None:
        pod = self.store.get("Pod", *name)
        node = None if pod is None else self.store.get("Node", "", _node(pod))
        if pod is None or node is None or is_terminating(pod):
            return
        uid, now_s = pod["metadata"]["uid"], self.store.clock.now_s()
        wait_s = _tolerates_for_s(pod, taints.of(node, "NoExecute"))
        if wait_s is None:
            if self._since.pop(uid, None) is not None:
                self._event(pod, "Cancelling deletion of Pod")
            return
        left_s = self._since.setdefault(uid, now_s) + wait_s - now_s
        if left_s > 0:
            self.enqueue_after(*name, left_s)
            return
        self._event(pod, "Marking for deletion Pod")
        self._mark(pod)
        self.plane.delete_pod(pod)

    def _mark(self, pod: Object) -> None:
        if (row := condition(pod, "DisruptionTarget")) is not None and row["status"] == "True":
            return
        new = clone(pod)
        rows = [c for c in new["status"].get("conditions") or () if c["type"] != "DisruptionTarget"]
        mark = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastProbeTime": None,
            "lastTransitionTime": self.store.clock.timestamp(),
        }
        if generation := pod["metadata"].get("generation"):
            mark["observedGeneration"] = generation
        new["status"]["conditions"] = [*rows, mark]
        self.store.update("Pod", new)

    def _event(self, pod: Object, what: str) -> None:
        message = f"{what} {pod['metadata']['namespace']}/{pod['metadata']['name']}"
        self.plane.events.record(pod, "Pod", "TaintManagerEviction", message, component=COMPONENT)


def _node(pod: Object) -> str:
    return str(pod["spec"].get("nodeName") or "")


def _tolerates_for_s(pod: Object, found: list[Object]) -> float | None:
    """Seconds that a pod tolerates taints; None for ever."""
    used = [taints.toleration(pod, taint) for taint in found]
    if any(row is None for row in used):
        return 0.0
    limits = [row["tolerationSeconds"] for row in used if row is not None and row.get("tolerationSeconds") is not None]
    return max(0.0, float(min(limits))) if limits else None
