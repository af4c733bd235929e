"""Do a service's ports lead to the containers' ports?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_headless, selector_of
from chaos.diagnose.values import mappings, text
from chaos.model.object import Object

_KEY = "port"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for service in snapshot.of("Service"):
        rows = mappings(service.spec.get("ports"))
        behind = [w for w in snapshot.sets if w.namespace == service.namespace and w.selected_by(selector_of(service))]
        for workload in behind:
            for i, row in enumerate(rows):
                yield from _of_port(service, workload, i, row)


def _of_port(service: Item, workload: WorkloadItem, index: int, row: Object) -> Iterator[Diagnostic]:
    ports = _declared(workload)
    target = row.get("targetPort") or row.get("port")
    numbers = {p.get("containerPort") for p in ports}
    protocol = text(row.get("protocol")) or "TCP"
    named = {text(p.get("name")): p for p in ports if (text(p.get("protocol")) or "TCP") == protocol and p.get("name")}
    if isinstance(target, str) and not target.isdigit():
        if target not in named:
            yield _unnamed(service, workload, index, target, sorted(named))
        reached = named.get(target, {}).get("containerPort")
    else:
        reached = target
        if numbers and target not in numbers:
            yield _undeclared(service, workload, index, row)
    if is_headless(service) and isinstance(reached, int) and reached != row.get("port"):
        by_name = f" ({reached})" if reached != target else ""
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            service.reference("spec", "ports", index),
            f"it is headless, so nobody translates port {row.get('port')} to {reached}: clients get a pod's "
            f"address and must use {reached}",
            (f"port: {row.get('port')}, targetPort: {target}{by_name}",),
            f"set port: {reached}",
            (workload.name,),
        )
    if not row.get("name") and workload.service_name == service.name:
        yield Diagnostic(
            _KEY,
            Severity.NOTE,
            service.reference("spec", "ports", index),
            f"its port {row.get('port')} has no name, so there are no SRV records that find the members with "
            "their port",
            (f"port: {row.get('port')} without name",),
            f"give it a name; then _NAME._tcp.{service.name} lists all members",
            (workload.name,),
        )


def _declared(workload: WorkloadItem) -> list[Object]:
    """The ports of its containers, and of init containers that stay."""
    sidecars = [c for c in mappings(workload.pod_spec.get("initContainers")) if c.get("restartPolicy") == "Always"]
    return [p for c in (*(c for _, c in workload.containers), *sidecars) for p in mappings(c.get("ports"))]


def _unnamed(service: Item, workload: WorkloadItem, index: int, target: str, known: list[str]) -> Diagnostic:
    at = service.reference("spec", "ports", index)
    evidence = (f"targetPort: {target}", f"named ports of the containers: {', '.join(known) or 'none'}")
    lacks = f"its targetPort {target} is the name of no port of the pods of {workload.name}"
    fix = f"name the container's port {target}, or give its number as targetPort"
    if is_headless(service):
        what = f"{lacks}: there are no SRV records of it; the names themselves resolve all the same"
        return Diagnostic(_KEY, Severity.NOTE, at, what, evidence, fix, (workload.name,))
    return Diagnostic(_KEY, Severity.ERROR, at, f"{lacks}: it has no endpoint there", evidence, fix, (workload.name,))


def _undeclared(service: Item, workload: WorkloadItem, index: int, row: Object) -> Diagnostic:
    numbers = sorted({str(p.get("containerPort")) for p in _declared(workload)}, key=lambda n: (len(n), n))
    field, target = ("targetPort", row["targetPort"]) if row.get("targetPort") else ("port", row.get("port"))
    return Diagnostic(
        _KEY,
        # Declaring a port changes nothing. A headless service leads nowhere by itself: clients choose the port.
        Severity.NOTE if is_headless(service) else Severity.WARNING,
        service.reference("spec", "ports", index),
        f"it leads to port {target}, and the containers of {workload.name} declare others",
        (f"{field}: {target}", f"containerPorts: {', '.join(numbers)}"),
        f"declare containerPort {target} where a container listens there (that is for people), else correct {field}",
        (workload.name,),
    )


CHECK = Check(
    _KEY,
    "a Service in front of a StatefulSet whose port has no name, whose `targetPort` no container has, or that is "
    "headless and expects its port to be translated, by number or by name",
    "SRV records exist for named ports only; a headless service translates nothing",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "Service"),
)
