"""Does the service exist that a StatefulSet names in serviceName, and is it one that gives names?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Repair, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_headless
from chaos.diagnose.values import labels_of, mapping, mappings, shown, text
from chaos.model.object import Object

_KEY = "governing-service"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        at = workload.reference("spec", "serviceName")
        concerns = (workload.name,)
        if not workload.service_name:
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                at,
                "it has no serviceName, so its pods have no names of their own in DNS",
                ("spec.serviceName is not set",),
                "recreate it with serviceName: the name of a headless Service that selects its pods (the field cannot "
                "be changed)",
                concerns,
            )
            continue
        service = snapshot.get("Service", workload.service_name, workload.namespace)
        if "." in workload.service_name:
            yield _dotted(snapshot, workload)
        elif service is None:
            yield _missing(snapshot, workload)
        elif service.spec.get("type") == "ExternalName":
            yield Diagnostic(
                _KEY,
                Severity.ERROR,
                at,
                f"its service {service.name} is an ExternalName, which has no endpoints and gives no pod a name",
                (f"spec.type of Service {service.name} is ExternalName",),
                f"make {service.name} a headless Service, without type and externalName: "
                f"{_written(headless_service(workload))}; clients of {text(service.spec.get('externalName'))} get a "
                "Service of another name",
                concerns,
            )
        elif not is_headless(service):
            yield _not_headless(workload, service)


def _dotted(snapshot: Snapshot, workload: WorkloadItem) -> Diagnostic:
    """A full name where the name alone belongs; Kubernetes adds the rest."""
    name, _, rest = workload.service_name.partition(".")
    there = snapshot.get("Service", name, workload.namespace) is not None
    evidence = [f"spec.serviceName is {workload.service_name}"]
    evidence.append(f"Service {name} {'is there' if there else 'is not there either'} ({snapshot.where})")
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        workload.reference("spec", "serviceName"),
        f"its serviceName is a name with dots, and a Service's own name is wanted: its pods would be called "
        f"{workload.name}-N.{workload.service_name}.{workload.namespace}.svc…",
        tuple(evidence),
        f"write serviceName: {name}" + (f" ({rest} is added by Kubernetes)" if rest.split(".")[1:2] == ["svc"] else ""),
        (workload.name,),
    )


def _missing(snapshot: Snapshot, workload: WorkloadItem) -> Diagnostic:
    name = workload.service_name
    elsewhere = [
        s.namespace
        for s in (*snapshot.of("Service"), *snapshot.elsewhere)
        if s.name == name and s.namespace != workload.namespace
    ]
    evidence = [f"spec.serviceName is {name}", f"there is no Service {name} {snapshot.where}"]
    what = f"its serviceName names {name}, and there is no such Service: its pods have no names of their own in DNS"
    if elsewhere:
        evidence[1] = f"Service {name} is in namespace {', '.join(sorted(elsewhere))}, not in {workload.namespace}"
        what = (
            f"the Service {name} that its serviceName names is in another namespace ({elsewhere[0]}): only one in its "
            f"own namespace, {workload.namespace}, gives its pods names"
        )
    similar = [s.name for s in snapshot.services_of(workload) if is_headless(s) and s.name != name]
    if similar:
        evidence.append(
            f"headless services that select its pods: {', '.join(similar)} (they give no names to its pods)"
        )
    evidence += snapshot.dns_says(f"{workload.name}-{i}.{name}.{workload.namespace}.svc" for i in workload.ordinals)
    if snapshot.live:
        evidence.append("it looks healthy all the same: nothing but DNS shows it (no event, no condition)")
    body = headless_service(workload)
    fix = f"create the headless Service {name} in namespace {workload.namespace}: {_written(body)}"
    if similar and not elsewhere:
        fix = (
            f"recreate the StatefulSet with serviceName: {similar[0]}, which selects its pods (the field cannot be "
            f"changed); or {fix}"
        )
    else:
        fix += (
            "; or recreate the StatefulSet with another serviceName (the field cannot be changed), and restart its pods"
        )
    labels = body["spec"]["selector"]
    repair = Repair(
        f"create headless Service {name} for the pods labelled {shown(labels)}",
        "Service",
        name,
        workload.namespace,
        create=body,
    )
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        workload.reference("spec", "serviceName"),
        what,
        tuple(evidence),
        fix,
        (workload.name,),
        repair if snapshot.live and labels else None,
    )


def _written(body: Object) -> str:
    """A Service's spec as somebody would write it."""
    spec = body["spec"]
    ports = ", ".join("{" + ", ".join(f"{k}: {v}" for k, v in port.items()) + "}" for port in spec["ports"])
    selector = ", ".join(f"{k}: {v}" for k, v in sorted(spec["selector"].items()))
    return f"clusterIP: None, selector: {{{selector}}}" + (f", ports: [{ports}]" if ports else "")


def headless_service(workload: WorkloadItem) -> Object:
    """The service that a StatefulSet needs."""
    ports = []
    for _, container in workload.containers:
        for port in mappings(container.get("ports")):
            number = port.get("containerPort")
            if isinstance(number, int):
                row = {"name": port.get("name") or f"port-{number}", "port": number}
                ports.append({**row, **({"protocol": port["protocol"]} if port.get("protocol") else {})})
    selector = labels_of(mapping(workload.spec, "selector").get("matchLabels")) or workload.pod_labels
    spec: Object = {"clusterIP": "None", "selector": selector, "ports": ports}
    meta = {"name": workload.service_name, "namespace": workload.namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def _not_headless(workload: WorkloadItem, service: Item) -> Diagnostic:
    address = service.spec.get("clusterIP") or "one that the cluster chooses"
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        service.reference("spec"),
        f"it governs StatefulSet {workload.name} and is not headless: its name leads to one virtual address, and the "
        "Kubernetes DNS specification promises names of single pods for headless services only",
        (
            f"spec.clusterIP is {address}",
            "CoreDNS gives the pods' names all the same (seen on 1.34); another DNS server need not",
        ),
        f"recreate Service {service.name} with clusterIP: None (the field cannot be changed), and give clients that "
        "want a virtual address a second one",
        (workload.name,),
    )


CHECK = Check(
    _KEY,
    "a StatefulSet whose `serviceName` is empty, names no Service, one in another namespace, an ExternalName or one "
    "that is not headless",
    "per-pod names do not exist then, while pods are Running and Ready and no event tells",
    (Severity.ERROR, Severity.WARNING),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("Service in other namespaces",),
)
