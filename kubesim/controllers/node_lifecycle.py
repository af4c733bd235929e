"""The node lifecycle controller (pkg/controller/nodelifecycle): nodes that are no longer heard of, and taints.

No kubelet of the simulated cluster sends heartbeats. Instead the annotation that cuts a node off says when they would
have stopped: the instants at which the real controller would notice are computed from there.
"""

from __future__ import annotations

import math

from kubesim.controllers.base import Controller, Name
from kubesim.controllers.plane import Plane
from kubesim.controllers.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE
from kubesim.fields.pod_state import condition, phase
from kubesim.node_link import is_cut
from kubesim.store import Change, Object, clone

COMPONENT = "node-controller"
_KEYS = {"Unknown": UNREACHABLE, "False": NOT_READY}  # by the status of the condition Ready
_OURS = (UNREACHABLE, NOT_READY, UNSCHEDULABLE)
_UNKNOWN = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}


class NodeLifecycleController(Controller):
    """Turns a silent node's conditions to Unknown and its pods unready, and keeps the taints that follow from it."""

    delay = "node_lifecycle_sync"

    def __init__(self, plane: Plane) -> None:
        super().__init__(plane)
        self._period_s = plane.model.draw("node_monitor_period")
        self._began_s = plane.loop.time()
        self._silent: dict[str, float] = {}  # by node: when it is to be found silent
        self._evicts: dict[str, float] = {}  # by node: when its NoExecute taint changes

    def on_change(self, change: Change) -> None:
        if change.kind != "Node":
            return
        name = change.object["metadata"]["name"]
        if change.type == "DELETED":
            self._silent.pop(name, None)
            return
        down = is_cut(change.object)
        if down and name not in self._silent:
            model, now_s = self.plane.model, self.store.clock.now_s()
            seen_s = self._round_after(now_s - model.draw("node_lease_age"))
            self._silent[name] = self._round_after(seen_s + model.draw("node_monitor_grace"))
            self._look_again(name)
        elif not down and change.old is not None and _heartbeat(change.old) != _heartbeat(change.object):
            self._silent.pop(name, None)
        self.enqueue("", name)
        if change.old is not None and _ready(change.old) != _ready(change.object):
            for node in self.store.list("Node"):  # whether any is left counts for all
                self.enqueue_object(node)

    def reconcile(self, name: Name) -> None:
        node = self.store.get("Node", "", name[1])
        if node is None:
            return
        now_s = self.store.clock.now_s()
        if self._silent.get(name[1], math.inf) <= now_s and _ready(node) != "Unknown":
            node = self._found_silent(node)
        self._keep_taints(node)
        self._look_again(name[1])

    def _round_after(self, at_s: float) -> float:
        """The controller's first look at all nodes after an instant."""
        rounds = math.floor((at_s - self._began_s) / self._period_s) + 1
        return self._began_s + rounds * self._period_s

    def _look_again(self, name: str) -> None:
        now_s = self.store.clock.now_s()
        due = [at_s for at_s in (self._silent.get(name), self._evicts.get(name)) if at_s is not None and at_s > now_s]
        if due:
            self.enqueue_after("", name, min(due) - now_s)

    def _found_silent(self, node: Object) -> Object:
        name, new, now = node["metadata"]["name"], clone(node), self.store.clock.timestamp()
        for row in new["status"]["conditions"]:
            row |= {"status": "Unknown", "lastTransitionTime": now, **_UNKNOWN}
        node = self.store.update("Node", new)
        self._event(node, "Node", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        for pod in tuple(self.index.pods_on(name).values()):
            self._mark_unready(pod)
        return node

    def _mark_unready(self, pod: Object) -> None:
        if (ready := condition(pod, "Ready")) is None or ready["status"] == "False" or phase(pod) == "Pending":
            return
        new = clone(pod)
        for row in new["status"]["conditions"]:
            if row["type"] == "Ready":
                row |= {"status": "False", "lastTransitionTime": self.store.clock.timestamp()}
        self.store.update("Pod", new)
        self._event(pod, "Pod", "NodeNotReady", "Node is not ready", warning=True)

    def _keep_taints(self, node: Object) -> None:
        name, spec = node["metadata"]["name"], node.get("spec") or {}
        wanted = {(key, "NoSchedule") for key in (_KEYS.get(_ready(node)),) if key}
        if spec.get("unschedulable"):
            wanted.add((UNSCHEDULABLE, "NoSchedule"))
        before = spec.get("taints") or []
        has = {(taint["key"], taint["effect"]) for taint in before}
        evicting = {(key, "NoExecute") for key in (_KEYS.get(_ready(node)),) if key and not self._nobody_is_left()}
        if evicting != {pair for pair in has if pair[0] in _OURS and pair[1] == "NoExecute"}:
            wanted |= self._when_due(name, evicting, has)
        else:
            self._evicts.pop(name, None)
            wanted |= evicting
        kept = [t for t in before if t["key"] not in _OURS or (t["key"], t["effect"]) in wanted]
        added = [{"key": key, "effect": effect} for key, effect in sorted(wanted - has, key=_no_schedule_first)]
        for taint in added:
            if taint["effect"] == "NoExecute" or taint["key"] != UNSCHEDULABLE:
                taint["timeAdded"] = self.store.clock.timestamp()
        if added or len(kept) != len(before):
            new = {**spec, "taints": [*kept, *added]}
            if not new["taints"]:
                del new["taints"]
            self.store.update("Node", {**node, "spec": new})

    def _when_due(self, name: str, evicting: set[tuple[str, str]], has: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """The NoExecute taints for now: they are set within 100 ms, and removed at the next look at all nodes."""
        now_s = self.store.clock.now_s()
        if name not in self._evicts:
            removes = not evicting
            self._evicts[name] = self._round_after(now_s) if removes else now_s + self.plane.model.draw("node_taint")
        if self._evicts[name] > now_s:
            return {pair for pair in has if pair[0] in _OURS and pair[1] == "NoExecute"}
        del self._evicts[name]
        return evicting

    def _nobody_is_left(self) -> bool:
        """Where no node at all is ready, the fault is taken for the control plane's own: nothing is evicted."""
        return all(_ready(node) != "True" for node in self.store.list("Node"))

    def _event(self, about: Object, kind: str, reason: str, message: str, *, warning: bool = False) -> None:
        self.plane.events.record(about, kind, reason, message, component=COMPONENT, warning=warning)


def _no_schedule_first(taint: tuple[str, str]) -> tuple[bool, str]:
    return taint[1] != "NoSchedule", taint[0]


def _ready(node: Object) -> str:
    row = condition(node, "Ready")
    return "" if row is None else str(row["status"])


def _heartbeat(node: Object) -> str:
    row = condition(node, "Ready")
    return "" if row is None else str(row.get("lastHeartbeatTime", ""))
