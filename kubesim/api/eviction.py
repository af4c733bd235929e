"""The pods/eviction subresource: a deletion that asks the pod's disruption budget first.

As pkg/registry/core/pod/storage/eviction.go of 1.37 does it.
"""

from __future__ import annotations

from kubesim.api import budgets, deletion
from kubesim.api.options import DeleteOptions
from kubesim.api.status import bad_request, forbidden, not_found
from kubesim.fields.pod_state import condition, is_ready, is_terminating, phase
from kubesim.kinds.kind import Resource
from kubesim.store import Object, Store, StoreError, clone

RESOURCE = Resource("policy", "v1", "evictions", "Eviction")  # the body; it has no path of its own
DEFINITION = "io.k8s.api.policy.v1.Eviction"
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_UNGUARDED = ("Pending", "Succeeded", "Failed")  # nothing is lost with such a pod, so no budget is asked
_TRY_AGAIN_S = 10
_MOST_DISRUPTED = 2000


def evict(store: Store, namespace: str, name: str, eviction: Object, *, dry_run: bool) -> Object:
    """Delete a pod gracefully, if its disruption budget allows it.

    Args:
        store: where it is.
        namespace: the pod's.
        name: the pod's, as the URL has it.
        eviction: the body, a policy/v1 Eviction.
        dry_run: what the query says; the body's deleteOptions may say it, too.

    Returns:
        A Status of success. The pod has its grace period.

    Raises:
        StoreError: 400, 404, 409 for a precondition; 429 where no disruption is allowed now; 500 for several budgets.
    """
    if eviction["metadata"].get("name", "") != name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = DeleteOptions.of(eviction.get("deleteOptions") or {}, {"dryRun": "All"} if dry_run else {})
    pod = store.get("Pod", namespace, name)
    if pod is None:
        raise not_found(store.scheme["Pod"].resource, name)
    guards = [] if phase(pod) in _UNGUARDED or is_terminating(pod) else budgets.guarding(store, pod)
    if len(guards) > 1:
        raise StoreError(500, "", _SEVERAL)
    if guards and not _unhealthy_may_go(pod, guards[0]):
        _spend(store, guards[0], name, dry_run=options.dry_run)
    # As in the real server, the budget has been spent by now, whatever the preconditions say.
    deletion.checked(store, "Pod", namespace, name, uid=options.uid, resource_version=options.resource_version)
    if not options.dry_run:
        _mark(store, pod)
        deletion.delete(store, "Pod", namespace, name, grace_s=options.grace_s, propagation=options.propagation)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _unhealthy_may_go(pod: Object, budget: Object) -> bool:
    """Whether an unready pod may go without being counted."""
    if is_ready(pod):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    desired: int = budget["status"]["desiredHealthy"]
    return bool(desired) and budget["status"]["currentHealthy"] >= desired


def _spend(store: Store, budget: Object, pod_name: str, *, dry_run: bool) -> None:
    """Take one disruption from a budget; the controller learns the pod's name, so that it is not counted again."""
    meta, status = budget["metadata"], budget["status"]
    name = meta["name"]
    if status.get("observedGeneration", 0) < meta["generation"]:
        raise _too_many_requests(
            f"The disruption budget {name} is still being processed by the server.", retry_after_s=_TRY_AGAIN_S
        )
    disrupted = status.get("disruptedPods") or {}
    if len(disrupted) > _MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden(store.scheme["PodDisruptionBudget"].resource, name, why)
    if status["disruptionsAllowed"] == 0:
        needs, has = status["desiredHealthy"], status["currentHealthy"]
        raise _too_many_requests(
            f"The disruption budget {name} needs {needs} healthy pods and has {has} currently", retry_after_s=0
        )
    if dry_run:
        return
    new = clone(budget)
    spent = new["status"]
    spent["disruptionsAllowed"] -= 1
    spent["disruptedPods"] = {**disrupted, pod_name: store.clock.timestamp()}
    if not spent["disruptionsAllowed"]:
        budgets.set_allowed_condition(spent, store.clock.timestamp())
    store.update("PodDisruptionBudget", new)


def _too_many_requests(cause: str, *, retry_after_s: int) -> StoreError:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return StoreError(429, "TooManyRequests", _REFUSED, details)


def _mark(store: Store, pod: Object) -> None:
    new = clone(pod)
    row = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": None,
    }
    before = condition(pod, "DisruptionTarget")
    kept = before is not None and before["status"] == "True"
    stamp = before["lastTransitionTime"] if before is not None and kept else store.clock.timestamp()
    status = new.setdefault("status", {})
    others = [c for c in status.get("conditions") or () if c["type"] != row["type"]]
    status["conditions"] = [*others, {**row, "lastTransitionTime": stamp}]
    store.update("Pod", new)
