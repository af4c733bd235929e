"""Whether objects are ready, as `kubectl rollout status` and `kubectl wait` look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from kubesim.errors import SimulationError
from kubesim.store import Change, Object, Store
from kubesim.tasks import Tasks

_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job", "Pod")
_BY_WORD = {
    word: kind
    for kind, words in {
        "StatefulSet": ("statefulset", "statefulsets", "sts"),
        "Deployment": ("deployment", "deployments", "deploy"),
        "ReplicaSet": ("replicaset", "replicasets", "rs"),
        "Job": ("job", "jobs"),
        "Pod": ("pod", "pods", "po"),
    }.items()
    for word in words
}


class NotReadyError(SimulationError, TimeoutError):
    """Something did not become ready in time; says what it lacks."""


async def until(store: Store, tasks: Tasks, holds: Callable[[], object], within_s: float) -> None:
    """Wait until a condition on the store's objects holds; see `Cluster.until`.

    Raises:
        TimeoutError: it does not within that time.
        BaseException: the first error inside the cluster, since nothing changes there any more.
    """
    changed = asyncio.Event()

    def on_change(_change: Change) -> None:
        changed.set()

    unsubscribe, ignore_failure = store.subscribe(on_change), tasks.subscribe(changed.set)
    try:
        async with asyncio.timeout(within_s):
            while tasks.error is None and not holds():
                changed.clear()
                await changed.wait()
    finally:
        unsubscribe()
        ignore_failure()
    if tasks.error is not None:
        raise tasks.error


async def until_ready(store: Store, tasks: Tasks, names: tuple[str, ...], namespace: str, within_s: float) -> None:
    """Wait until objects are ready; see `Cluster.until_ready`.

    Raises:
        NotReadyError: they are not within that time.
        SimulationError: a name is of no kind that can be ready.
        BaseException: the first error inside the cluster.
    """
    wanted = [_parsed(name) for name in names]
    try:
        await until(store, tasks, lambda: not any(_lacking(store, wanted, namespace)), within_s)
    except TimeoutError as exc:
        lacking = "; ".join(_lacking(store, wanted, namespace))
        raise NotReadyError(
            f"not ready within {within_s:g} s: {lacking}", hint="look at the events of its pods, or wait for longer"
        ) from exc


def _parsed(name: str) -> tuple[str, str]:
    word, slash, rest = name.partition("/")
    kind = _BY_WORD.get(word.lower())
    if kind is None or not slash or not rest:
        raise SimulationError(
            f"{name!r} is no name of something that becomes ready",
            hint="such as statefulset/web, deployment/web, pod/web-0",
        )
    return kind, rest


def _lacking(store: Store, wanted: list[tuple[str, str]], namespace: str) -> Iterator[str]:
    """A text for each that is not ready."""
    if not wanted:
        wanted = [(kind, obj["metadata"]["name"]) for kind in _WORKLOADS for obj in store.list(kind, namespace)]
    for kind, name in wanted:
        obj = store.get(kind, namespace, name)
        said = "there is none" if obj is None else _lack(obj, kind)
        if said:
            yield f"{kind} {name}: {said}"


def _lack(obj: Object, kind: str) -> str:
    """What it lacks; empty where it is ready."""
    status = obj.get("status") or {}
    if kind == "Pod":
        return _lack_of_pod(status)
    spec = obj["spec"]
    if kind == "Job":
        return "" if _holds(status, "Complete") else f"{status.get('succeeded', 0)} of its pods have succeeded"
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return "its controller has not seen it yet"
    replicas = spec.get("replicas", 1)
    if status.get("replicas", 0) != replicas:
        return f"{status.get('replicas', 0)} of {replicas} replicas"
    if kind != "ReplicaSet" and status.get("updatedReplicas", 0) != replicas and not _partitioned(spec):
        return f"{status.get('updatedReplicas', 0)} of {replicas} replicas are updated"
    ready = status.get("readyReplicas", 0)
    return "" if ready == replicas else f"{ready} of {replicas} replicas are ready"


def _partitioned(spec: Object) -> bool:
    """Whether some or all replicas keep their old template by will."""
    strategy = spec.get("updateStrategy") or {}
    return strategy.get("type") == "OnDelete" or bool((strategy.get("rollingUpdate") or {}).get("partition"))


def _lack_of_pod(status: Object) -> str:
    if _holds(status, "Ready") or status.get("phase") == "Succeeded":
        return ""
    rows = [row.get("state", {}).get("waiting", {}) for row in status.get("containerStatuses") or ()]
    reasons = [f"{row['reason']} {row.get('message', '')}".strip() for row in rows if row.get("reason")]
    return ", ".join([status.get("phase", "Pending"), *reasons])


def _holds(status: Object, condition: str) -> bool:
    return any(row["type"] == condition and row["status"] == "True" for row in status.get("conditions") or ())
