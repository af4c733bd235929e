"""How controllers make a pod, and how long they wait for one."""

from __future__ import annotations

from kubesim.fields.pod_state import condition, is_ready, parse_time
from kubesim.kinds import BY_KIND
from kubesim.simclock import SimClock
from kubesim.store import Object, clone


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
        "apiVersion": BY_KIND[kind].resource.api_version,
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
