"""Brings the workload into its namespace."""

from __future__ import annotations

import asyncio
import platform

from chaos.clock import RunClock
from chaos.engine.active import ActiveRun
from chaos.engine.objects import OPT_IN_LABEL
from chaos.engine.target import WatchedTarget, is_dual_stack, is_ready
from chaos.errors import ApiError, PreflightError
from chaos.experiment import Experiment

DEPLOY_WITHIN_S = 120.0
_LEASE = "chaos-identity"
_LEASE_S = 3600
_POD_LABEL = "chaos-identity.io/pod"
_LOOK_S = 0.05


async def claim_namespace(run: ActiveRun, namespace: str, *, make: bool) -> None:
    """Make the namespace where that is asked, and take its lease: one run works in a namespace at a time.

    Raises:
        PreflightError: another run holds it.
    """
    if make:
        meta = {"name": namespace, "labels": {OPT_IN_LABEL: "true"}}
        await run.objects.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": _LEASE, "namespace": namespace},
        "spec": {"holderIdentity": f"chaos-identity on {platform.node()}", "leaseDurationSeconds": _LEASE_S},
    }
    try:
        await run.objects.create(lease)
    except ApiError as exc:
        if exc.reason == "AlreadyExists":
            raise PreflightError(
                f"another run works in namespace {namespace} (its Lease {_LEASE} is taken)",
                hint="wait for it; chaos status says who holds it, and how to undo it if it was killed",
            ) from exc
        raise


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
            labels = ",".join(f"{key}={value}" for key, value in sorted(target.labels.items()))
            run.not_deployed(DEPLOY_WITHIN_S, await run.objects.why_not_ready(labels))
        await asyncio.sleep(_LOOK_S)
    return clusterips
