"""Do running pods still have the names that their StatefulSet's serviceName promises?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import text

_KEY = "stale-subdomain"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        wanted = workload.service_name
        stale: dict[str, list[Item]] = {}
        for pod in snapshot.pods_of(workload):
            subdomain = text(pod.spec.get("subdomain"))
            if subdomain != wanted:
                stale.setdefault(subdomain, []).append(pod)
        for subdomain, pods in stale.items():
            yield _finding(snapshot, workload, subdomain, [pod.name for pod in pods])


def _finding(snapshot: Snapshot, workload: WorkloadItem, subdomain: str, pods: list[str]) -> Diagnostic:
    wanted = workload.service_name
    now = snapshot.get("Service", subdomain, workload.namespace) is not None
    then = snapshot.get("Service", wanted, workload.namespace) is not None
    names = ", ".join(pods)
    if now and not then:
        what = (
            f"a fault that waits for a restart: {names} still have names under {subdomain}, and lose them when they "
            f"restart, because serviceName is {wanted or 'empty'} now"
        )
        fix = (
            f"recreate the StatefulSet with serviceName: {subdomain} before any pod restarts "
            f"(kubectl delete statefulset {workload.name} -n {workload.namespace} --cascade=orphan, then create it)"
        )
    elif then and not now:
        what = (
            f"a repair that waits for a restart: serviceName is {wanted}, which exists, and {names} were made with "
            f"subdomain {subdomain or '(none)'}, which does not; they have no names until each restarts once more"
        )
        fix = f"kubectl rollout restart statefulset/{workload.name} -n {workload.namespace}"
    else:
        what = (
            f"{names} were made with subdomain {subdomain or '(none)'} and serviceName is {wanted or 'empty'}: their "
            "names change at the next restart"
        )
        fix = (
            f"kubectl rollout restart statefulset/{workload.name} -n {workload.namespace}, when clients know the new "
            "names"
        )
    evidence = (
        f"spec.subdomain of {names}: {subdomain or '(none)'}",
        f"spec.serviceName of StatefulSet {workload.name}: {wanted or '(empty)'}",
        f"Service {subdomain or '(none)'}: {'exists' if now else 'missing'}",
        f"Service {wanted or '(none)'}: {'exists' if then else 'missing'}",
    )
    asked = [f"{pod}.{name}.{workload.namespace}.svc" for name in (subdomain, wanted) if name for pod in pods]
    return Diagnostic(
        _KEY, Severity.ERROR, workload.reference(), what, (*evidence, *snapshot.dns_says(asked)), fix, (workload.name,)
    )


CHECK = Check(
    _KEY,
    "running pods whose `subdomain` differs from their StatefulSet's `serviceName` (after an orphaning delete and "
    "recreate)",
    "nothing breaks at first and nothing is repaired at first: a pod takes the field when it is made",
    (Severity.ERROR,),
    _look,
    needs=Needs.CLUSTER,
    kinds=("StatefulSet", "Pod", "Service"),
)
