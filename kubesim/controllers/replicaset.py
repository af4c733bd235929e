"""The ReplicaSet controller (pkg/controller/replicaset/replica_set.go)."""

from __future__ import annotations

from kubesim.controllers.adoption import AdoptingController
from kubesim.controllers.base import Name
from kubesim.controllers.pods import available_in_s, owner_reference, pod_from_template
from kubesim.fields.matching import matches_labels
from kubesim.fields.pod_state import TERMINAL, is_active, is_ready, is_terminating, phase
from kubesim.store import Object, StoreError

COMPONENT = "replicaset-controller"
_BURST = 500  # at most so many creations or deletions at a time
_PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}


class ReplicaSetController(AdoptingController):
    """Keeps as many active pods as asked. A terminating pod no longer counts, so it is replaced at once."""

    kind = "ReplicaSet"
    delay = "replicaset_sync"

    def reconcile(self, name: Name) -> None:
        set_ = self.store.get("ReplicaSet", *name)
        if set_ is None:
            return
        owned = self.claim(set_)
        pods = [pod for pod in owned if is_active(pod)]
        terminating = sum(is_terminating(pod) and phase(pod) not in TERMINAL for pod in owned)
        try:
            if not set_["metadata"].get("deletionTimestamp"):
                self._manage(set_, pods)
        finally:
            self._write_status(name, set_, pods, terminating)

    def _manage(self, set_: Object, pods: list[Object]) -> None:
        missing = int(set_["spec"]["replicas"]) - len(pods)
        for _ in range(min(missing, _BURST)):
            self._create(set_)
        if missing < 0:
            for pod in self._least_needed(pods)[: min(-missing, _BURST)]:
                self.plane.delete_pod(pod)
                self._event(set_, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _create(self, set_: Object) -> None:
        meta = set_["metadata"]
        owner = owner_reference(set_, "ReplicaSet")
        pod = pod_from_template(set_["spec"]["template"], meta["namespace"], "", f"{meta['name']}-", owner)
        try:
            created = self.plane.create("Pod", pod)
        except StoreError as exc:
            self._event(set_, "FailedCreate", f"Error creating: {exc.message}", warning=True)
            raise
        self._event(set_, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _least_needed(self, pods: list[Object]) -> list[Object]:
        """In the order in which they go (ActivePodsWithRanks): unscheduled, pending, not ready, crowded, young."""
        crowd: dict[str, int] = {}
        for pod in pods:
            node = pod["spec"].get("nodeName", "")
            crowd[node] = crowd.get(node, 0) + 1
        newest_first = sorted(pods, key=lambda p: p["metadata"]["creationTimestamp"], reverse=True)
        return sorted(
            newest_first,
            key=lambda p: (
                bool(p["spec"].get("nodeName")),
                _PHASE_RANK.get(phase(p), 1),
                is_ready(p),
                -crowd[p["spec"].get("nodeName", "")],
            ),
        )

    def _write_status(self, name: Name, set_: Object, pods: list[Object], terminating: int) -> None:
        min_ready_s = int(set_["spec"].get("minReadySeconds", 0))
        template_labels = (set_["spec"]["template"].get("metadata") or {}).get("labels") or {}
        waits_s = [available_in_s(pod, min_ready_s, self.store.clock) for pod in pods if is_ready(pod)]
        pending_s = [wait_s for wait_s in waits_s if wait_s]
        if pending_s:
            self.enqueue_after(*name, min(pending_s))
        counts = {
            "fullyLabeledReplicas": sum(matches_labels(template_labels, p["metadata"].get("labels")) for p in pods),
            "readyReplicas": len(waits_s),
            "availableReplicas": len(waits_s) - len(pending_s),
        }
        status: Object = {"observedGeneration": set_["metadata"]["generation"], "replicas": len(pods)}
        status |= {key: count for key, count in counts.items() if count}
        status["terminatingReplicas"] = terminating
        now = self.store.get("ReplicaSet", *name)
        if now is not None and now["metadata"]["uid"] == set_["metadata"]["uid"] and now.get("status") != status:
            self.store.update("ReplicaSet", {**now, "status": status})

    def _event(self, set_: Object, reason: str, message: str, *, warning: bool = False) -> None:
        self.plane.events.record(set_, "ReplicaSet", reason, message, component=COMPONENT, warning=warning)
