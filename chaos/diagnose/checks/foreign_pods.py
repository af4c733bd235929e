"""Does a service lead to pods of somebody else too?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, selector_of
from chaos.diagnose.values import mapping, mappings, shown

_KEY = "foreign-pods"
_BATCH = ("Job", "CronJob")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for service in snapshot.of("Service"):
        selector = selector_of(service)
        behind = [w for w in snapshot.workloads if w.namespace == service.namespace and w.selected_by(selector)]
        sets = [w for w in behind if w.kind == "StatefulSet"]
        if not sets:
            continue
        governed = [w for w in sets if w.service_name == service.name]
        foreign = [w for w in behind if _is_foreign(w, service, governed)]
        if foreign and len(foreign) < len(behind):
            yield _finding(service, governed or [w for w in behind if w not in foreign], foreign)


def _is_foreign(workload: WorkloadItem, service: Item, governed: list[WorkloadItem]) -> bool:
    """Whether a service is surely not meant for these pods: a service of clients may well lead to several workloads."""
    if workload.kind in _BATCH:
        return not _is_over(workload)
    if not governed or workload in governed:
        return not governed and _serves_something_else(workload, service)
    if workload.kind == "StatefulSet":
        return workload.service_name != ""
    return workload.pod_spec.get("subdomain") != service.name


def _is_over(workload: WorkloadItem) -> bool:
    """Whether it is a Job that runs no more, and that nobody starts again."""
    done = any(c.get("type") in ("Complete", "Failed") for c in mappings(workload.status.get("conditions")))
    return done and not mapping(workload.object, "metadata").get("ownerReferences")


def _serves_something_else(workload: WorkloadItem, service: Item) -> bool:
    """Whether it declares ports, and none of them is one that the service leads to."""
    ports = [p for _, container in workload.containers for p in mappings(container.get("ports"))]
    there = {value for p in ports for value in (p.get("containerPort"), p.get("name"))}
    wanted = {row.get("targetPort", row.get("port")) for row in mappings(service.spec.get("ports"))}
    return bool(ports) and not wanted & there


def _finding(service: Item, own: list[WorkloadItem], foreign: list[WorkloadItem]) -> Diagnostic:
    names = ", ".join(f"{w.kind} {w.name}" for w in foreign)
    whose = ", ".join(f"{w.kind} {w.name}" for w in own)
    passing = " while they run" if all(w.kind in _BATCH for w in foreign) else ""
    selector = selector_of(service)
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        service.reference("spec", "selector"),
        f"it is for {whose} and selects pods of {names} too: they are among its addresses{passing}, and clients reach "
        "them",
        (
            f"selector {shown(selector)}",
            *(f"labels of the pods of {w.kind} {w.name}: {shown(w.pod_labels)}" for w in (*own, *foreign)),
        ),
        _fix(selector, own, foreign),
        tuple(w.name for w in (*own, *foreign) if w.kind == "StatefulSet"),
    )


def _fix(selector: dict[str, str], own: list[WorkloadItem], foreign: list[WorkloadItem]) -> str:
    """A label that all own pods have and no foreign one; else other labels for the foreign pods."""
    for key, value in own[0].pod_labels.items():
        ours = all(w.pod_labels.get(key) == value for w in own)
        if ours and not any(w.pod_labels.get(key) == value for w in foreign):
            return f"set spec.selector to {shown({**selector, key: value})}"
    key, value = next(iter(selector.items()))
    names = ", ".join(f"{w.kind} {w.name}" for w in foreign)
    selectors = "" if all(w.kind in _BATCH for w in foreign) else ", and in its selector (recreate it)"
    return f"give the pods of {names} another label than {key}={value} in the template{selectors}: {key}: {value}-" + (
        "job" if foreign[0].kind in _BATCH else foreign[0].name
    )


CHECK = Check(
    _KEY,
    "a Service in front of a StatefulSet that also selects pods of a Job or CronJob; a governing one that also selects "
    "those of a Deployment, or of a StatefulSet with another governing service; one for clients that also selects pods "
    "which declare none of its ports",
    "they become addresses of its name, and some of the clients' connections end at a backup or at another database",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("Deployment", "Job"),
)
