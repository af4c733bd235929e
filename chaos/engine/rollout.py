"""Whether a StatefulSet is at rest, and which revision of its template each pod has to have for that."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.cluster.selector import labels_text
from chaos.engine.readiness import why
from chaos.engine.target import is_ready
from chaos.errors import PreflightError
from chaos.model.object import Object

_TOLD = 3
_REVISION_LABEL = "controller-revision-hash"


def partition_of(spec: Object) -> int:
    """The first index of a pod that a rolling update takes; 0: it takes all."""
    strategy = spec.get("updateStrategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0) if rolls(spec) else 0


def rolls(spec: Object) -> bool:
    """Whether the controller brings a new template to the pods by itself."""
    return bool((spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def pods_text(found: Object) -> str:
    """The StatefulSet's selector, as `kubectl get pods -l` takes it."""
    return labels_text((found["spec"].get("selector") or {}).get("matchLabels") or {})


def check_at_rest(found: Object, pods: Iterable[Object] = ()) -> None:
    """Refuse to add a fault to what is already in motion.

    Args:
        found: the StatefulSet.
        pods: that it has, of which the refusal tells what is wrong.

    Raises:
        PreflightError: says what it is doing.
    """
    meta, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    what = f"StatefulSet {meta['name']} in namespace {meta['namespace']}"
    replicas = spec.get("replicas", 1)
    if meta.get("deletionTimestamp"):
        raise PreflightError(f"{what} is being deleted", hint="there is nothing to measure any more")
    if replicas == 0:
        raise PreflightError(f"{what} has no replicas", hint="scale it up first")
    if not spec.get("serviceName"):
        raise PreflightError(
            f"{what} has no serviceName, so its pods have no DNS names of their own",
            hint="chaos diagnose says what to do about it",
        )
    updated = status.get("updatedReplicas", 0)
    to_update = max(0, replicas - partition_of(spec))
    rolling = status.get("observedGeneration", 0) < meta.get("generation", 0) or (
        rolls(spec) and status.get("updateRevision") != status.get("currentRevision") and updated < to_update
    )
    if rolling:
        beside = "" if to_update == replicas else f"; its partition leaves {replicas - to_update} as they are"
        raise PreflightError(
            f"{what} is in the middle of a rollout ({updated} of {to_update} pods updated{beside})",
            hint=f"wait for it: kubectl -n {meta['namespace']} rollout status statefulset/{meta['name']}",
        )
    ready = status.get("readyReplicas", 0)
    if ready != replicas or status.get("replicas", 0) != replicas:
        raise PreflightError(
            f"{what} is not steady: {ready} of {replicas} pods are Ready{_unready(pods)}",
            hint=f"kubectl -n {meta['namespace']} get pods -l '{pods_text(found)}'; or: chaos diagnose",
        )


def _unready(pods: Iterable[Object]) -> str:
    told = [f"{pod['metadata']['name']}: {why(pod)}" for pod in pods if not is_ready(pod)]
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return f" ({'; '.join(told[:_TOLD])}{more})" if told else ""


def check_not_staged(found: Object, pods: Iterable[Object]) -> None:
    """A deletion must not roll a new template out, which nothing could undo.

    With OnDelete it would; below a partition a pod comes back with the template that it has.

    Args:
        found: the StatefulSet.
        pods: by ordinal.

    Raises:
        PreflightError: a pod has another template than the one that its successor would have.
    """
    meta, status = found["metadata"], found.get("status") or {}
    newest, older = status.get("updateRevision"), status.get("currentRevision")
    below = partition_of(found["spec"])
    for index, pod in enumerate(pods):
        has = (pod["metadata"].get("labels") or {}).get(_REVISION_LABEL)
        if has != (older if index < below else newest):
            raise PreflightError(
                f"StatefulSet {meta['name']} has a template that pod {pod['metadata']['name']} does not have yet: "
                "deleting the pod would roll it out",
                hint="roll it out first, or take the change back",
            )


def canary_note(found: Object) -> str:
    """What a partition that holds a new template back means for the run; empty where none does."""
    spec, status = found["spec"], found.get("status") or {}
    below = min(partition_of(spec), spec.get("replicas", 1))
    if not below or status.get("updateRevision") == status.get("currentRevision"):
        return ""
    return (
        f"its partition keeps its first {below} pods at an older template: each pod comes back with the one that it "
        "has, and nothing is rolled out"
    )
