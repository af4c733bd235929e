"""Which pods are no endpoint, and why?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.endpoints import endpoints_of
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_ready, selector_of
from chaos.diagnose.values import mapping, mappings, text

_KEY = "not-ready"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for pod in snapshot.of("Pod"):
        if is_ready(pod) or pod.status.get("phase") in ("Succeeded", "Failed"):
            continue
        services = [
            s.name
            for s in snapshot.of("Service", pod.namespace)
            if _selects(s, pod) or s.name == pod.spec.get("subdomain")
        ]
        owner = snapshot.set_of(pod)
        if services or owner:
            yield _not_ready(pod, owner, services)
    for workload in snapshot.sets:
        yield from _missing(snapshot, workload)
    yield from _without_endpoint(snapshot)


def _selects(service: Item, pod: Item) -> bool:
    selector = selector_of(service)
    return bool(selector) and selector.items() <= pod.labels.items()


def _not_ready(pod: Item, owner: WorkloadItem | None, services: list[str]) -> Diagnostic:
    leaving = "deletionTimestamp" in mapping(pod.object, "metadata")
    reasons = list(_reasons(pod))
    where = f"; it is no ready endpoint of {', '.join(services)}" if services else ""
    what = "it is being deleted" if leaving else "it is not Ready"
    return Diagnostic(
        _KEY,
        Severity.NOTE if leaving else Severity.WARNING,
        pod.reference(),
        f"{what}, so it has no name and no address in DNS{where}",
        (f"phase {text(pod.status.get('phase')) or 'unknown'}", *reasons),
        f"kubectl describe pod {pod.name} -n {pod.namespace}",
        (owner.name,) if owner else (),
    )


def _reasons(pod: Item) -> Iterator[str]:
    for status in mappings(pod.status.get("initContainerStatuses")) + mappings(pod.status.get("containerStatuses")):
        waiting = mapping(status, "state", "waiting")
        if waiting:
            said = text(waiting.get("message"))[:200]
            yield f"container {text(status.get('name'))} waits: {text(waiting.get('reason'))}" + (
                f" ({said})" if said else ""
            )
    for condition in mappings(pod.status.get("conditions")):
        kind = text(condition.get("type"))
        if condition.get("status") != "True" and kind in ("PodScheduled", "Ready"):
            said = ": ".join(filter(None, (text(condition.get("reason")), text(condition.get("message"))[:200])))
            yield f"condition {kind} is {text(condition.get('status'))}" + (f" ({said})" if said else "")


def _missing(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Diagnostic]:
    there = {pod.name for pod in snapshot.pods_of(workload)}
    gone = [f"{workload.name}-{i}" for i in workload.ordinals if f"{workload.name}-{i}" not in there]
    if not gone:
        return
    serial = workload.spec.get("podManagementPolicy") != "Parallel"
    waits = [p.name for p in snapshot.pods_of(workload) if not is_ready(p)]
    why = (
        "OrderedReady: each pod is made only when the one before it is Ready"
        if serial
        else "podManagementPolicy Parallel"
    )
    if waits and serial:
        why += f"; {', '.join(waits)} is not"
    yield Diagnostic(
        _KEY,
        Severity.WARNING,
        workload.reference("spec", "replicas"),
        f"{', '.join(gone)} of its {workload.replicas} pods do not exist, and so their names do not",
        (why,),
        f"kubectl describe statefulset {workload.name} -n {workload.namespace}",
        (workload.name,),
    )


def _without_endpoint(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Ready pods that are in no slice of a service that selects them, and slices with pods that are gone."""
    if snapshot.unread.get("EndpointSlice"):
        return
    uids = {text(mapping(pod.object, "metadata").get("uid")) for pod in snapshot.of("Pod")}
    for service in snapshot.of("Service"):
        selector, pods = selector_of(service), snapshot.of("Pod", service.namespace)
        if not selector or not pods:
            continue
        known = list(endpoints_of(snapshot, service))
        listed = {endpoint.uid for endpoint in known}
        missing = [
            pod.name
            for pod in pods
            if selector.items() <= pod.labels.items()
            and is_ready(pod)
            and mapping(pod.object, "metadata").get("uid") not in listed
        ]
        stale = [endpoint.pod for endpoint in known if endpoint.uid and endpoint.uid not in uids]
        for names, what in (
            (missing, "Ready pods are no endpoint of it"),
            (stale, "it has endpoints of pods that are gone"),
        ):
            if names:
                yield Diagnostic(
                    _KEY,
                    Severity.ERROR,
                    service.reference(),
                    f"{what}: {', '.join(names)}",
                    (f"{len(known)} endpoints in its EndpointSlices",),
                    "look at the controller manager, which makes EndpointSlices: kubectl -n kube-system get pods",
                    snapshot.sets_behind(service),
                )


CHECK = Check(
    _KEY,
    "pods that are not Ready, with the container's waiting reason or the condition's message; ordinals that do "
    "not exist; "
    "EndpointSlices that contradict the pods",
    "a pod that is not Ready is in no answer, and with OrderedReady its successors are not made",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    needs=Needs.CLUSTER,
    kinds=("Pod", "Service", "StatefulSet"),
    also=("EndpointSlice",),
)
