"""Brings the workload into its namespace."""

from __future__ import annotations

import asyncio

from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged
from chaos.cluster.client import Cluster
from chaos.cluster.selector import labels_text
from chaos.engine.active import ActiveRun
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.lease import holder_of, lease_of
from chaos.engine.target import WatchedTarget, is_dual_stack, is_ready
from chaos.errors import ApiError, PreflightError
from chaos.experiment import Experiment

DEPLOY_WITHIN_S = 120.0
_POD_LABEL = "chaos-identity.io/pod"
_LOOK_S = 0.05


async def claim_namespace(run: ActiveRun, cluster: Cluster, run_id: str, namespace: str, *, make: bool) -> Acknowledged:
    """Make the namespace where that is asked, and take its lease: one run works in a namespace at a time.

    Raises:
        PreflightError: another run holds it.
    """
    if make:
        meta = {"name": namespace, "labels": {OPT_IN_LABEL: "true"}}
        await run.objects.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    try:
        return await run.objects.made(lease_of(run_id, namespace))
    except ApiError as exc:
        if exc.reason == "AlreadyExists":
            raise await _held(cluster, namespace) from exc
        raise


async def _held(cluster: Cluster, namespace: str) -> PreflightError:
    """Who is there, and what to do about it."""
    found = await holder_of(cluster, namespace)
    if found is None:
        return PreflightError(f"another run worked in namespace {namespace} until now", hint="run this again")
    said = f"another run works in namespace {namespace}: {found.describe()}"
    if found.is_alive:
        return PreflightError(said, hint="wait for it, or work in another namespace")
    return PreflightError(
        f"{said}; it is silent for longer than its Lease holds, so it is taken for gone",
        hint="its place is free once what it left is undone: chaos recover on its machine, or chaos cleanup",
    )


async def deploy(run: ActiveRun, experiment: Experiment, target: WatchedTarget, clock: RunClock) -> dict[str, str]:
    """Create the workload and wait until its pods are Ready; returns pod → ClusterIP of the service of that one pod.

    Raises:
        SteadyStateError: they were not in time; says why.
    """
    clusterips: dict[str, str] = {}
    for manifest in experiment.workload.manifests if experiment.workload else ():
        for made in await run.objects.apply(manifest):
            pod = (made["metadata"].get("labels") or {}).get(_POD_LABEL)
            if pod and made["kind"] == "Service":
                clusterips[pod] = str(made["spec"]["clusterIP"])
            if made["kind"] == "Service" and made["metadata"]["name"] == target.service:
                target.dual_stack = is_dual_stack(made)
    deadline_s = clock.now_s() + DEPLOY_WITHIN_S
    while not all(name in target.objects and is_ready(target.objects[name]) for name in target.names):
        if clock.now_s() > deadline_s:
            run.not_deployed(DEPLOY_WITHIN_S, await run.objects.why_not_ready(labels_text(target.labels)))
        await asyncio.sleep(_LOOK_S)
    return clusterips
