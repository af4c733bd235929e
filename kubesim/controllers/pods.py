"""What the controllers ask of a pod, and how they make one."""

from __future__ import annotations

from datetime import UTC, datetime

from kubesim.resources import BY_KIND
from kubesim.simclock import SimClock
from kubesim.store import Object, clone

TERMINAL = ("Succeeded", "Failed")
_NO_CONDITION = {"status": "", "reason": "", "message": "", "lastTransitionTime": ""}
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def phase(pod: Object) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def is_terminating(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_active(pod: Object) -> bool:
    """Neither terminal nor terminating: what a ReplicaSet counts."""
    return phase(pod) not in TERMINAL and not is_terminating(pod)


def condition(obj: Object, type_: str) -> Object | None:
    """A condition of the status by its type; what somebody has left out of it reads as empty."""
    for row in (obj.get("status") or {}).get("conditions") or ():
        if row.get("type") == type_:
            given = {key: part for key, part in row.items() if part is not None}
            return given | {key: empty for key, empty in _NO_CONDITION.items() if key not in given}
    return None


def is_ready(pod: Object) -> bool:
    """The pod's Ready condition, whatever its phase."""
    for row in (pod.get("status") or {}).get("conditions") or ():
        if row.get("type") == "Ready":
            return bool(row.get("status") == "True")
    return False


def is_running_and_ready(pod: Object) -> bool:
    return phase(pod) == "Running" and is_ready(pod)


def parse_time(text: str) -> datetime:
    """A metav1.Time."""
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def available_in_s(pod: Object, min_ready_s: int, clock: SimClock) -> float:
    """Seconds until a ready pod counts as available: 0 where it is, infinity where it is not ready."""
    if not is_ready(pod):
        return float("inf")
    ready = condition(pod, "Ready") if min_ready_s else None
    if ready is None or not ready["lastTransitionTime"]:
        return 0.0
    age_s = (clock.wall() - parse_time(ready["lastTransitionTime"])).total_seconds()
    return max(0.0, min_ready_s - age_s)


def owner_reference(owner: Object, kind: str) -> Object:
    """The reference that makes `owner` the controller."""
    meta = owner["metadata"]
    return {
        "apiVersion": BY_KIND[kind].api_version,
        "kind": kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_from_template(template: Object, namespace: str, name: str, generate_name: str, owner: Object) -> Object:
    """A new pod of a workload, as its controller sends it to the API server.

    `owner` is the reference to the workload; with an empty `name` one is made of `generate_name`.
    """
    meta = clone(template.get("metadata") or {})
    pod_meta: Object = {
        "generateName": generate_name,
        "namespace": namespace,
        "labels": meta.get("labels") or {},
        "ownerReferences": [owner],
    }
    if name:
        pod_meta["name"] = name
    if meta.get("annotations"):
        pod_meta["annotations"] = meta["annotations"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": pod_meta, "spec": clone(template["spec"])}
