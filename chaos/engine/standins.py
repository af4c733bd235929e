"""What a run would find in a namespace, as the simulated cluster can run it: same names, labels and numbers."""

from __future__ import annotations

from chaos.cluster.client import Cluster
from chaos.engine.guards.budgets import allowed_by
from chaos.engine.target import WatchedTarget
from chaos.model.object import Object

_IMAGE = (
    "nginx:1.27"  # an image that the sandbox simulates: it serves and ends on SIGTERM, so the stand-in becomes Ready
)
_OF_SERVICE = ("selector", "ports", "publishNotReadyAddresses")
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}


async def stand_ins(cluster: Cluster, namespace: str, target: WatchedTarget | None) -> list[Object]:
    """Objects to create, in this order.

    Args:
        cluster: that the run would work on.
        namespace: of the run, which exists there.
        target: the user's own workload; None: the experiment brings its own.

    Raises:
        ApiError: they may not be read.
    """
    found = await cluster.get("Namespace", namespace) or {"metadata": {"name": namespace}}
    made: list[Object] = [
        _bare("v1", "Namespace", found),
        *await budgets_of(cluster, namespace, counted=target is not None),
    ]
    if target is None:
        return made
    service = await cluster.get("Service", target.service, namespace)
    if service is not None:
        kept = {key: value for key, value in service["spec"].items() if key in _OF_SERVICE}
        made.append({**_bare("v1", "Service", service), "spec": {**kept, "clusterIP": "None"}})
    workload = await cluster.get("StatefulSet", target.statefulset, namespace)
    if workload is not None:
        made.append(_stateful_set(workload, target.port))
    return made


async def budgets_of(cluster: Cluster, namespace: str, *, counted: bool) -> list[Object]:
    """PodDisruptionBudgets of a namespace, to create.

    Args:
        cluster: that the run would work on.
        namespace: theirs.
        counted: whether the pods are there that the run takes, so that a budget allows what it allows now: other pods
            that it counts have no stand-in.

    Raises:
        ApiError: they may not be read.
    """
    budgets, _ = await cluster.list("PodDisruptionBudget", namespace)
    made = []
    for one in budgets:
        spec = one["spec"]
        if counted:
            kept = {key: value for key, value in spec.items() if key not in ("minAvailable", "maxUnavailable")}
            spec = {**kept, "maxUnavailable": allowed_by(one)}
        made.append({**_bare("policy/v1", "PodDisruptionBudget", one), "spec": spec})
    return made


def _stateful_set(found: Object, port: int) -> Object:
    """One that becomes Ready anywhere: what it runs, mounts and probes is left out."""
    spec = found["spec"]
    kept = {
        key: spec[key]
        for key in ("replicas", "ordinals", "selector", "serviceName", "podManagementPolicy", "updateStrategy")
        if key in spec
    }
    template = spec["template"]
    container = {"name": "stand-in", "image": _IMAGE, "ports": [{"containerPort": port or 80}]}
    pod: Object = {"containers": [container]}
    if "terminationGracePeriodSeconds" in template["spec"]:
        pod["terminationGracePeriodSeconds"] = template["spec"]["terminationGracePeriodSeconds"]
    claims = [
        {"metadata": {"name": one["metadata"]["name"]}, "spec": _CLAIM}
        for one in spec.get("volumeClaimTemplates") or ()
    ]
    metadata = {"labels": template["metadata"].get("labels") or {}}
    return {
        **_bare("apps/v1", "StatefulSet", found),
        "spec": {
            **kept,
            "template": {"metadata": metadata, "spec": pod},
            **({"volumeClaimTemplates": claims} if claims else {}),
        },
    }


def _bare(version: str, kind: str, found: Object) -> Object:
    meta = found["metadata"]
    named = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if meta.get(key)}
    return {"apiVersion": version, "kind": kind, "metadata": named}
