"""The disruption controller (pkg/controller/disruption): how many pods of a budget may be evicted now."""

from __future__ import annotations

from datetime import timedelta

from kubesim.api import budgets
from kubesim.api.status import qualified
from kubesim.controllers.base import Controller, Name
from kubesim.controllers.index import controller_of
from kubesim.controllers.rollout import resolve
from kubesim.fields.pod_state import is_ready, is_terminating, parse_time
from kubesim.store import Change, Object, clone

COMPONENT = "controllermanager"
# How long an evicted pod that is not being deleted counts as gone (DeletionTimeout).
_DELETION_TIMEOUT = timedelta(minutes=2)


class ScaleError(Exception):
    """It cannot be known how many pods there should be."""


class DisruptionController(Controller):
    """Keeps the status of PodDisruptionBudgets."""

    delay = "disruption_sync"

    def on_change(self, change: Change) -> None:
        if change.kind == "PodDisruptionBudget":
            if change.type != "DELETED":
                self.enqueue_object(change.object)
        elif change.kind == "Pod":
            guards = self.index.in_namespace("PodDisruptionBudget", change.object["metadata"]["namespace"])
            labels = [o["metadata"].get("labels") for o in (change.object, change.old) if o is not None]
            for budget in guards:
                if any(budgets.selects(budget, row) for row in labels):
                    self.enqueue_object(budget)

    def reconcile(self, name: Name) -> None:
        budget = self.store.get("PodDisruptionBudget", *name)
        if budget is None:
            return
        found = self.index.in_namespace("Pod", name[0])
        pods = [pod for pod in found if budgets.selects(budget, pod["metadata"].get("labels"))]
        if not pods:
            self._event(budget, "NoPods", "No matching pods found", warning=False)
        new = clone(budget)
        try:
            expected, desired = self._expected(budget, pods)
        except ScaleError as exc:
            text = f"Failed to calculate the number of expected pods: {exc}"
            self._event(budget, "CalculateExpectedPodCountFailed", text)
            new["status"]["disruptionsAllowed"] = 0
            budgets.set_condition(new["status"], "False", "SyncFailed", str(exc), self.store.clock.timestamp())
        else:
            self._set_status(name, new, pods, expected, desired)
        self.store.update("PodDisruptionBudget", new)

    def _set_status(self, name: Name, budget: Object, pods: list[Object], expected: int, desired: int) -> None:
        status = budget["status"]
        disrupted = self._disrupted(name, status.get("disruptedPods") or {}, pods)
        there = [p for p in pods if not is_terminating(p) and p["metadata"]["name"] not in disrupted]
        healthy = sum(is_ready(pod) for pod in there)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status |= {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
            "observedGeneration": budget["metadata"]["generation"],
        }
        status.pop("disruptedPods", None)
        if disrupted:
            status["disruptedPods"] = disrupted
        budgets.set_allowed_condition(status, self.store.clock.timestamp())

    def _disrupted(self, name: Name, before: Object, pods: list[Object]) -> Object:
        """Evicted pods whose deletion is still to be seen."""
        now = self.store.clock.wall()
        kept: Object = {}
        for pod in pods:
            pod_name = pod["metadata"]["name"]
            if pod_name in before and not is_terminating(pod):
                left_s = (parse_time(before[pod_name]) + _DELETION_TIMEOUT - now).total_seconds()
                if left_s > 0:
                    kept[pod_name] = before[pod_name]
                    self.enqueue_after(*name, left_s)
        return kept

    def _expected(self, budget: Object, pods: list[Object]) -> tuple[int, int]:
        """(pods that there should be, healthy ones that there must be)."""
        spec = budget["spec"]
        if isinstance(spec.get("minAvailable"), int) and "maxUnavailable" not in spec:
            return len(pods), int(spec["minAvailable"])
        if "maxUnavailable" not in spec and "minAvailable" not in spec:
            return 0, 0
        expected = self._scale(budget, pods)
        if "maxUnavailable" in spec:
            return expected, max(0, expected - resolve(spec["maxUnavailable"], expected, up=True))
        return expected, resolve(spec["minAvailable"], expected, up=True)

    def _scale(self, budget: Object, pods: list[Object]) -> int:
        """The replicas of all controllers of the pods.

        Raises:
            ScaleError: a pod's controller is gone, or has no replicas.
        """
        scales: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in scales:
                uid, scale = self._scale_of(pod, reference)
                scales[uid] = scale
        if unmanaged:
            self._event(
                budget,
                "UnmanagedPods",
                f"Pods selected by this PodDisruptionBudget (selector: {_go_selector(budget)}) were found to be "
                "unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in "
                'undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an '
                "integer value.",
            )
        return sum(scales.values())

    def _scale_of(self, pod: Object, reference: Object) -> tuple[str, int]:
        owner = self._owner(pod, reference)
        if owner is not None and reference["kind"] == "ReplicaSet":
            above = controller_of(owner)
            deployment = self._owner(pod, above) if above is not None else None
            owner = deployment or owner
        if owner is not None:
            resource = self.store.scheme[reference["kind"]].resource
            if "scale" in resource.subresources:
                return owner["metadata"]["uid"], int(owner["spec"]["replicas"])
            raise ScaleError(f"{qualified(resource)} does not implement the scale subresource")
        raise ScaleError(f'found no controllers for pod "{pod["metadata"]["name"]}"')

    def _owner(self, pod: Object, reference: Object) -> Object | None:
        owner = self.store.get(reference["kind"], pod["metadata"]["namespace"], reference["name"])
        return owner if owner is not None and owner["metadata"]["uid"] == reference["uid"] else None

    def _event(self, budget: Object, reason: str, message: str, *, warning: bool = True) -> None:
        self.plane.events.record(budget, "PodDisruptionBudget", reason, message, component=COMPONENT, warning=warning)


def _go_selector(budget: Object) -> str:
    """A LabelSelector as Go prints it."""
    selector = budget["spec"].get("selector") or {}
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.get("matchLabels", {}).items()))
    rows = "".join(_go_requirement(row) for row in selector.get("matchExpressions", ()))
    parts = f"MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{rows}}}"
    return f"&LabelSelector{{{parts},}}"


def _go_requirement(row: Object) -> str:
    values = " ".join(row.get("values", ()))
    return f"LabelSelectorRequirement{{Key:{row['key']},Operator:{row['operator']},Values:[{values}],}},"
