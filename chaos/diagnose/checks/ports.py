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
    at = service.reference("spec", "ports", index)
    concerns = (workload.name,)
    ports = [p for _, c in workload.containers for p in mappings(c.get("ports"))]
    numbers = {p.get("containerPort") for p in ports}
    names = {text(p.get("name")) for p in ports}
    target = row.get("targetPort", row.get("port"))
    if isinstance(target, str) and not target.isdigit():
        if target not in names:
            yield Diagnostic(
                _KEY,
                Severity.ERROR,
                at,
                f"its targetPort {target} is the name of no port of the pods of {workload.name}: it has no "
                "endpoint there",
                (
                    f"targetPort: {target}",
                    f"named ports of the containers: {', '.join(sorted(names - {''})) or 'none'}",
                ),
                "name the container's port so, or give its number",
                concerns,
            )
    elif numbers and target not in numbers:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            f"it leads to port {target}, and the containers of {workload.name} declare others",
            (f"targetPort: {target}", f"containerPorts: {', '.join(str(n) for n in sorted(numbers, key=str))}"),
            "correct targetPort or containerPort (what is declared is for people; what counts is where the "
            "program listens)",
            concerns,
        )
    if is_headless(service) and "targetPort" in row and isinstance(target, int) and target != row.get("port"):
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            f"it is headless, so nobody translates port {row.get('port')} to {target}: clients get a pod's "
            "address and must use "
            f"{target}",
            (f"port: {row.get('port')}, targetPort: {target}",),
            f"set port: {target}",
            concerns,
        )
    if not row.get("name") and workload.service_name == service.name:
        yield Diagnostic(
            _KEY,
            Severity.NOTE,
            at,
            f"its port {row.get('port')} has no name, so there are no SRV records that find the members with "
            "their port",
            (f"port: {row.get('port')} without name",),
            f"give it a name; then _NAME._tcp.{service.name} lists all members",
            concerns,
        )


CHECK = Check(
    _KEY,
    "a Service in front of a StatefulSet whose port has no name, whose `targetPort` no container has, or that "
    "is headless "
    "and expects its port to be translated",
    "SRV records exist for named ports only; a headless service translates nothing",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "Service"),
)
