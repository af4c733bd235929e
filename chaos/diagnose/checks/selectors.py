"""Do services select the pods that they are for?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Repair, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem, is_headless, selector_of
from chaos.diagnose.values import labels_of, mapping, shown

_KEY = "service-selector"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        service = snapshot.get("Service", workload.service_name, workload.namespace)
        if service is not None and service.spec.get("type") != "ExternalName":
            yield from _of_governing(snapshot, workload, service)
    governing = {(w.namespace, w.service_name) for w in snapshot.sets}
    for service in snapshot.of("Service"):
        selector = selector_of(service)
        if not selector or (service.namespace, service.name) in governing:
            continue
        known = [w for w in snapshot.workloads if w.namespace == service.namespace]
        if known and not any(w.selected_by(selector) for w in known) and not _selects_pods(snapshot, service):
            yield _selects_nothing(snapshot, service, known)


def _selects_nothing(snapshot: Snapshot, service: Item, known: list[WorkloadItem]) -> Diagnostic:
    selector = selector_of(service)
    labels = "; ".join(f"{w.kind} {w.name}: {shown(w.pod_labels)}" for w in known if w.kind != "Job")
    evidence = (f"selector {shown(selector)}", f"pods' labels: {labels or 'none but those of Jobs'}")
    at = service.reference("spec", "selector")
    later = _labels_to_come(selector, known)
    if later and not snapshot.live:
        what = f"it selects pods only once something puts {shown(later)} on them: no template has it"
        fix = f"nothing, where something does it after each restart; by hand kubectl label pod NAME {shown(later)}"
        return Diagnostic(_KEY, Severity.NOTE, at, what, evidence, fix, snapshot.sets_behind(service))
    what = "its selector selects no pod: its name has no address, or its address refuses every connection"
    return Diagnostic(_KEY, Severity.WARNING, at, what, evidence, "correct spec.selector, or delete the service")


def _labels_to_come(selector: dict[str, str], known: list[WorkloadItem]) -> dict[str, str]:
    """The part of a selector that pods of a known workload lack, where the rest matches: a role that changes, say."""
    for workload in known:
        there = {key: value for key, value in selector.items() if key in workload.pod_labels}
        if there and there.items() <= workload.pod_labels.items():
            return {key: value for key, value in selector.items() if key not in there}
    return {}


def _selects_pods(snapshot: Snapshot, service: Item) -> bool:
    selector = selector_of(service)
    return any(selector.items() <= pod.labels.items() for pod in snapshot.of("Pod", service.namespace))


def _of_governing(snapshot: Snapshot, workload: WorkloadItem, service: Item) -> Iterator[Diagnostic]:
    selector = selector_of(service)
    at, concerns = service.reference("spec", "selector"), (workload.name,)
    if not selector:
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            service.reference("spec"),
            f"it governs StatefulSet {workload.name} and has no selector: no pod becomes an endpoint of it by itself",
            ("spec.selector is empty",),
            f"set spec.selector to {shown(workload.pod_labels)}, unless something else makes its EndpointSlices",
            concerns,
        )
    elif not workload.selected_by(selector):
        wanted = labels_of(mapping(workload.spec, "selector").get("matchLabels")) or workload.pod_labels
        others = [w for w in snapshot.workloads if w.namespace == service.namespace and w.selected_by(selector)]
        evidence = [
            f"selector {shown(selector)}",
            f"labels of the pods of {workload.name}: {shown(workload.pod_labels)}",
        ]
        if others:
            evidence.append("it selects pods of " + ", ".join(f"{w.kind} {w.name}" for w in others))
        evidence += snapshot.dns_says([f"{service.name}.{service.namespace}.svc"])
        # A null removes a key in a merge patch.
        patch = {"spec": {"selector": {**dict.fromkeys(selector.keys() - wanted.keys()), **wanted}}}
        repair = Repair(
            f"set spec.selector to {shown(wanted)}", "Service", service.name, service.namespace, patch=patch
        )
        alone = is_headless(service) and not others and not _selects_pods(snapshot, service)
        yield Diagnostic(
            _KEY,
            Severity.ERROR,
            at,
            f"it governs StatefulSet {workload.name} and does not select its pods, so none of them has a name in DNS",
            tuple(evidence),
            f"set spec.selector to {shown(wanted)}",
            concerns,
            repair if snapshot.live and alone and wanted else None,
        )


CHECK = Check(
    _KEY,
    "a governing Service whose selector does not match the StatefulSet's pods; any Service whose selector matches "
    "nothing",
    "a headless name without endpoints is NXDOMAIN or empty, a ClusterIP refuses connections",
    (Severity.ERROR, Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "Service"),
)
