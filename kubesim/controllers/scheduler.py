"""The scheduler: gives pods a node, or says why none fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kubesim.controllers import taints
from kubesim.controllers.base import Controller, Name
from kubesim.controllers.index import controller_of
from kubesim.controllers.node_affinity import fits
from kubesim.controllers.plane import Plane
from kubesim.fields import quantity
from kubesim.fields.matching import matches_labels
from kubesim.fields.pod_state import TERMINAL, condition, is_terminating, phase
from kubesim.store import Change, Object, clone

COMPONENT = "default-scheduler"
_TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")
_NO_HELP = "Preemption is not helpful for scheduling"


class Scheduler(Controller):
    """Puts a pod on the node with the fewest pods of its own controller, then the fewest pods, then by name.

    Honoured: nodeName, nodeSelector, cordoned and not-ready nodes, the number of pods that a node takes, claims that
    must be bound first, taints, nodes that their volumes are tied to. Not modelled: affinity, resources, priorities.
    """

    delay = "scheduler_bind"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._unschedulable: dict[Name, None] = {}
        self._of_controller: dict[str, Counter[str]] = {}

    def on_change(self, change: Change) -> None:
        if change.kind == "Pod":
            self._count(change)
            if change.type == "ADDED" and not change.object["spec"].get("nodeName"):
                self.enqueue_object(change.object)
            elif change.type == "DELETED":
                self._retry()
        elif change.kind == "Node" or (change.kind == "PersistentVolumeClaim" and change.type == "MODIFIED"):
            self._retry()

    def _count(self, change: Change) -> None:
        """Keep how many pods of each controller run on each node."""
        before = change.old["spec"].get("nodeName") if change.old else None
        after = change.object["spec"].get("nodeName") if change.type != "DELETED" else None
        ref = controller_of(change.object)
        if ref is None or before == after:
            return
        counter = self._of_controller.setdefault(ref["uid"], Counter())
        if before:
            counter[before] -= 1
        if after:
            counter[after] += 1
        if not +counter:
            del self._of_controller[ref["uid"]]

    def _retry(self) -> None:
        for name in self._unschedulable:
            self.enqueue(*name)

    def reconcile(self, name: Name) -> None:
        pod = self.store.get("Pod", *name)
        if pod is None or pod["spec"].get("nodeName") or is_terminating(pod) or phase(pod) in TERMINAL:
            self._unschedulable.pop(name, None)
            return
        reasons: Counter[str] = Counter()
        fitting = [node for node in self.store.list("Node") if not self._refusal(pod, node, reasons)]
        unbound = self._unbound_claim(pod)
        if unbound or not fitting:
            self._unschedulable[name] = None
            self._refuse(pod, reasons, unbound)
            return
        self._unschedulable.pop(name, None)
        self._bind(pod, min(fitting, key=lambda node: self._rank(pod, node)))

    def _refusal(self, pod: Object, node: Object, reasons: Counter[str]) -> bool:
        """Whether a node cannot take the pod; counts why."""
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        ready = condition(node, "Ready")
        if (node.get("spec") or {}).get("unschedulable"):
            reasons["node(s) were unschedulable"] += 1
        elif (taint := _untolerated(pod, node)) is not None:
            reasons[f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"] += 1
        elif ready is None or ready["status"] != "True":
            reasons["node(s) had untolerated taint {node.kubernetes.io/not-ready: }"] += 1
        elif not matches_labels(pod["spec"].get("nodeSelector") or {}, node["metadata"].get("labels")):
            reasons["node(s) didn't match Pod's node affinity/selector"] += 1
        elif not all(fits(volume, node) for volume in self._volumes(pod)):
            reasons["node(s) didn't match PersistentVolume's node affinity"] += 1
        elif len(self.index.pods_on(node["metadata"]["name"])) >= quantity.value(allocatable.get("pods", "0")):
            reasons["Too many pods"] += 1
        else:
            return False
        return True

    def _rank(self, pod: Object, node: Object) -> tuple[int, int, str]:
        name = node["metadata"]["name"]
        ref = controller_of(pod)
        same = self._of_controller.get(ref["uid"], Counter())[name] if ref else 0
        return same, len(self.index.pods_on(name)), name

    def _volumes(self, pod: Object) -> Iterator[Object]:
        """Those that the pod's claims are bound to."""
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            claim = self.store.get("PersistentVolumeClaim", pod["metadata"]["namespace"], name) if name else None
            found = self.store.get("PersistentVolume", "", claim["spec"].get("volumeName", "")) if claim else None
            if found is not None:
                yield found

    def _unbound_claim(self, pod: Object) -> str:
        """What keeps the pod's claims from being used, empty where nothing does."""
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if not name:
                continue
            claim = self.store.get("PersistentVolumeClaim", pod["metadata"]["namespace"], name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if (claim.get("status") or {}).get("phase") != "Bound":
                return "pod has unbound immediate PersistentVolumeClaims"
        return ""

    def _bind(self, pod: Object, node: Object) -> None:
        name = node["metadata"]["name"]
        bound = clone(pod)
        bound["spec"]["nodeName"] = name
        _copy_topology(bound, node)
        self._set_condition(bound, {"type": "PodScheduled", "status": "True"})
        self.store.update("Pod", bound)
        meta = pod["metadata"]
        message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {name}"
        self.plane.events.record(pod, "Pod", "Scheduled", message, component=COMPONENT)

    def _refuse(self, pod: Object, reasons: Counter[str], unbound: str) -> None:
        count = len(self.store.list("Node"))
        if unbound:
            why = f"{unbound}. not found"
        elif reasons:
            listed = ", ".join(sorted(f"{n} {reason}" for reason, n in reasons.items()))
            why = (
                f"{listed}. no new claims to deallocate, preemption: 0/{count} nodes are available: {count} {_NO_HELP}"
            )
        else:
            why = "no nodes available to schedule pods"
        message = f"0/{count} nodes are available: {why}."
        changed = clone(pod)
        row = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        if self._set_condition(changed, row):
            self.store.update("Pod", changed)
            self.plane.events.record(pod, "Pod", "FailedScheduling", message, component=COMPONENT, warning=True)

    def _set_condition(self, pod: Object, row: Object) -> bool:
        """Put a condition into the pod's status, in place; False where it is there already."""
        before = condition(pod, row["type"])
        if before and all(before.get(key) == value for key, value in row.items()):
            return False
        stamp = self.store.clock.timestamp()
        changed = stamp if before is None or before["status"] != row["status"] else before["lastTransitionTime"]
        status = pod.setdefault("status", {})
        others = [c for c in status.get("conditions") or () if c["type"] != row["type"]]
        status["conditions"] = [*others, {**row, "lastProbeTime": None, "lastTransitionTime": changed}]
        return True


def _copy_topology(pod: Object, node: Object) -> None:
    """Where the node is becomes a label of the pod (the PodTopologyLabels admission plugin)."""
    labels = node["metadata"].get("labels") or {}
    copied = {key: labels[key] for key in _TOPOLOGY if key in labels}
    if copied:
        pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **copied}


def _untolerated(pod: Object, node: Object) -> Object | None:
    """The first taint that keeps the pod from the node."""
    found = taints.of(node, "NoSchedule", "NoExecute")
    return next((taint for taint in found if taints.toleration(pod, taint) is None), None)
