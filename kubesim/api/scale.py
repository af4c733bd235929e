"""The /scale subresource: autoscaling/v1 Scale, a view of a workload's replicas."""

from __future__ import annotations

from kubesim.fields.causes import Cause, invalid_value
from kubesim.fields.selectors import selector_text
from kubesim.store import Object, StoreError, clone

DEFINITION = "io.k8s.api.autoscaling.v1.Scale"


def of(workload: Object) -> Object:
    """The Scale of a StatefulSet, Deployment or ReplicaSet."""
    meta = workload["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = workload["spec"].get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": workload.get("status", {}).get("replicas", 0),
            "selector": selector_text(workload["spec"].get("selector", {})),
        },
    }


def scaled(workload: Object, scale: Object) -> Object:
    """The workload with the replicas of a Scale, to be updated.

    Raises:
        StoreError: 422.
    """
    replicas = scale.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        name = workload["metadata"]["name"]
        raise _invalid(name, invalid_value("spec.replicas", replicas, "must be greater than or equal to 0"))
    new: Object = clone(workload)
    new["spec"]["replicas"] = replicas
    meta = scale.get("metadata", {})
    for key in ("resourceVersion", "uid"):
        if meta.get(key):
            new["metadata"][key] = meta[key]
        elif key == "resourceVersion":
            new["metadata"].pop(key, None)
    return new


def _invalid(name: str, cause: Cause) -> StoreError:
    message = f'Scale.autoscaling "{name}" is invalid: {cause.field}: {cause.message}'
    details = {"name": name, "group": "autoscaling", "kind": "Scale", "causes": [cause._asdict()]}
    return StoreError(422, "Invalid", message, details)
