"""What an object lacks to be ready, and what holds it up: of a workload, its pods."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.store import Object, Store

_MOST_PODS = 3  # that are named of a workload


def what_it_lacks(store: Store, obj: Object, kind: str, *, with_pods: bool) -> str:
    """A text; empty where it is ready. `with_pods` names its pods that are not, with their reasons."""
    if kind == "Pod":
        return _of_pod(obj)
    said = _of_job(obj) if kind == "Job" else _of_replicas(obj, kind)
    pods = list(_pods_held_up(store, obj)) if said and with_pods else []
    more = [f"and {len(pods) - _MOST_PODS} more pods"] if len(pods) > _MOST_PODS else []
    return ", ".join([said, *_refusals(obj), *pods[:_MOST_PODS], *more]) if said else ""


def _of_job(job: Object) -> str:
    status = job.get("status") or {}
    if _condition(status, "Complete"):
        return ""
    failed = next((row for row in status.get("conditions") or () if row["type"] == "Failed"), None)
    why = (
        ""
        if failed is None
        else f", and it has failed: {failed.get('reason', '')} {failed.get('message', '')}".rstrip()
    )
    return f"{status.get('succeeded', 0)} of its pods have succeeded{why}"


def _of_replicas(obj: Object, kind: str) -> str:
    """As `kubectl rollout status`, but what is ready comes first: it is what was asked."""
    status, spec = obj.get("status") or {}, obj["spec"]
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return "its controller has not seen it yet"
    replicas = spec.get("replicas", 1)
    there, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
    if ready != replicas:
        return f"{ready} of {replicas} replicas are ready" + (f" (pods: {there})" if there != replicas else "")
    if there != replicas:
        return f"there are {there} replicas, and {replicas} are wanted"
    if kind != "ReplicaSet" and status.get("updatedReplicas", 0) != replicas and not _partitioned(spec):
        return f"{status.get('updatedReplicas', 0)} of {replicas} replicas are updated"
    return ""


def _partitioned(spec: Object) -> bool:
    """Whether some or all replicas keep their old template by will."""
    strategy = spec.get("updateStrategy") or {}
    return strategy.get("type") == "OnDelete" or bool((strategy.get("rollingUpdate") or {}).get("partition"))


def _refusals(obj: Object) -> Iterator[str]:
    """Why its controller could not make pods, where its status says so."""
    for row in (obj.get("status") or {}).get("conditions") or ():
        if row["type"] == "ReplicaFailure" and row["status"] == "True":
            yield f"{row.get('reason', '')} {row.get('message', '')}".strip()


def _pods_held_up(store: Store, obj: Object) -> Iterator[str]:
    for pod in _owned(store, obj, "Pod"):
        if why := _of_pod(pod):
            yield f"Pod {pod['metadata']['name']}: {why}"
    for replica_set in _owned(store, obj, "ReplicaSet"):
        yield from _pods_held_up(store, replica_set)


def _owned(store: Store, obj: Object, kind: str) -> list[Object]:
    uid = obj["metadata"].get("uid")
    rows = store.list(kind, obj["metadata"].get("namespace", ""))
    return [one for one in rows if any(row["uid"] == uid for row in one["metadata"].get("ownerReferences") or ())]


def _of_pod(pod: Object) -> str:
    status = pod.get("status") or {}
    if _condition(status, "Ready") or status.get("phase") == "Succeeded":
        return ""
    rows = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    unscheduled = [
        f"{row.get('reason', '')} {row.get('message', '')}".strip()
        for row in status.get("conditions") or ()
        if row["type"] == "PodScheduled" and row["status"] == "False"
    ]
    return ", ".join(
        [status.get("phase", "Pending"), *unscheduled, *(said for row in rows if (said := _of_container(row)))]
    )


def _of_container(row: Object) -> str:
    """Why it does not run; of one that crashes the last end tells more than that it waits."""
    state, last = row.get("state", {}), row.get("lastState", {})
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or last.get("terminated")
    said = f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    if ended is not None and ended["exitCode"] and "running" not in state:
        end = f"{row['name']} ended with {ended['exitCode']} ({ended.get('reason', '')})"
        said = f"{said}, {end}".removeprefix(", ") + (f": {ended['message']}" if ended.get("message") else "")
    return said


def _condition(status: Object, kind: str) -> bool:
    return any(row["type"] == kind and row["status"] == "True" for row in status.get("conditions") or ())
