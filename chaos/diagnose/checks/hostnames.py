"""Are hostname and subdomain what gives a pod the name that somebody wanted?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, selector_of
from chaos.diagnose.values import shown, text

_KEY = "hostname"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str, str], WorkloadItem] = {
        (w.namespace, f"{w.name}-{i}", w.service_name): w for w in snapshot.sets for i in w.ordinals
    }
    for workload in snapshot.workloads:
        if workload.kind == "StatefulSet":
            yield from _overwritten(workload)
            continue
        subdomain = text(workload.pod_spec.get("subdomain"))
        if not subdomain:
            continue
        hostname = text(workload.pod_spec.get("hostname"))
        service = snapshot.get("Service", subdomain, workload.namespace)
        if service is None:
            yield _no_service(snapshot, workload, hostname, subdomain)
        elif selector_of(service) and not workload.selected_by(selector_of(service)):
            yield _not_selected(workload, service, hostname, subdomain)
        elif hostname:
            first = seen.setdefault((workload.namespace, hostname, subdomain), workload)
            yield from _shared(workload, first, hostname, subdomain)


def _overwritten(workload: WorkloadItem) -> Iterator[Diagnostic]:
    """A StatefulSet's controller sets both."""
    rows = (("hostname", ""), ("subdomain", workload.service_name))
    fields = {f: said for f, kept in rows if (said := text(workload.pod_spec.get(f))) and said != kept}
    if not fields:
        return
    names = f"{workload.name}-{workload.first_ordinal}.{workload.service_name}" if workload.service_name else ""
    what = f"{' and '.join(fields)} of its template {'have' if len(fields) > 1 else 'has'} no effect"
    yield Diagnostic(
        _KEY,
        Severity.NOTE,
        workload.reference(*workload.template_path, "spec", next(iter(fields))),
        f"{what}: the StatefulSet controller sets hostname to the pod's name and subdomain to serviceName",
        tuple(f"spec.template.spec.{field}: {said}" for field, said in fields.items()),
        f"remove {' and '.join(fields)}" + (f"; its pods are called {names} and so on" if names else ""),
        (workload.name,),
    )


def _called(workload: WorkloadItem, hostname: str, subdomain: str) -> str:
    return f"{hostname}.{subdomain}" if hostname else f"the pods of {workload.kind} {workload.name} under {subdomain}"


def _no_service(snapshot: Snapshot, workload: WorkloadItem, hostname: str, subdomain: str) -> Diagnostic:
    similar = [s.name for s in snapshot.of("Service", workload.namespace) if workload.selected_by(selector_of(s))]
    evidence = [f"subdomain: {subdomain}", f"there is no Service {subdomain} {snapshot.where}"]
    if similar:
        evidence.append(f"services that select it: {', '.join(similar)}")
        fix = f"set subdomain: {similar[0]}, or call that Service {subdomain}"
    else:
        fix = f"create the headless Service {subdomain} in namespace {workload.namespace}: clusterIP: None, selector: "
        fix += f"{{{', '.join(f'{k}: {v}' for k, v in sorted(workload.pod_labels.items()))}}}"
    return Diagnostic(
        _KEY,
        Severity.ERROR if hostname else Severity.WARNING,
        workload.reference(*workload.template_path, "spec", "subdomain"),
        f"its subdomain names {subdomain}, and there is no such Service: {_called(workload, hostname, subdomain)} is "
        "NXDOMAIN (only the pod itself knows that name, by /etc/hosts)"
        if hostname
        else f"its subdomain names {subdomain}, and there is no such Service: nothing under it is in DNS",
        tuple(evidence),
        fix,
    )


def _not_selected(workload: WorkloadItem, service: Item, hostname: str, subdomain: str) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.ERROR if hostname else Severity.WARNING,
        workload.reference(*workload.template_path, "spec", "subdomain"),
        f"its subdomain names Service {subdomain}, which does not select it: "
        + (f"{hostname}.{subdomain} is NXDOMAIN" if hostname else "it has no name under it"),
        (f"selector of {subdomain}: {shown(selector_of(service))}", f"labels: {shown(workload.pod_labels)}"),
        f"give its pods the labels {shown(selector_of(service))}, or name a Service that selects them",
    )


def _shared(workload: WorkloadItem, first: WorkloadItem, hostname: str, subdomain: str) -> Iterator[Diagnostic]:
    at = workload.reference(*workload.template_path, "spec", "hostname")
    name = f"{hostname}.{subdomain}"
    if first is not workload:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            f"{first.kind} {first.name} has the name {name} too: it leads to both",
            (f"hostname: {hostname}", f"subdomain: {subdomain}"),
            f"give it another hostname: {workload.name}",
        )
    elif workload.kind != "Pod":
        yield Diagnostic(
            _KEY,
            Severity.WARNING if workload.replicas > 1 or workload.kind == "DaemonSet" else Severity.NOTE,
            at,
            f"all pods of {workload.kind} {workload.name} share the name {name}: it leads to all of them, also while "
            "one replaces the other",
            (f"hostname: {hostname}", f"subdomain: {subdomain}", f"replicas: {workload.replicas}"),
            f"remove hostname (and use {subdomain} for all of them), or make it a StatefulSet, whose pods have names "
            "of their own",
        )


CHECK = Check(
    _KEY,
    "`hostname` and `subdomain` in a StatefulSet's template; a `subdomain` that names no Service or one that does not "
    "select the pod; a `hostname` that several pods share",
    "a StatefulSet's controller overwrites both; DNS has the name of a pod only under a Service that is called like "
    "its subdomain, and gives all pods of one hostname for it",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("Service",),
    also=("StatefulSet", "Deployment", "Pod"),
)
