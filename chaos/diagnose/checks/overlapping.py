"""Do two StatefulSets select each other's pods?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot, WorkloadItem, selector_of
from chaos.diagnose.values import labels_of, mapping, mappings, shown

_KEY = "overlapping-selectors"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for one, other in combinations(snapshot.sets, 2):
        if one.namespace != other.namespace or one.name == other.name:
            continue
        if _claims(one, other) or _claims(other, one):
            yield _finding(snapshot, one, other)


def _labels(workload: WorkloadItem) -> dict[str, str]:
    return labels_of(mapping(workload.spec, "selector").get("matchLabels"))


def _claims(one: WorkloadItem, other: WorkloadItem) -> bool:
    """Whether the selector of one matches the other's pods."""
    selector = mapping(one.spec, "selector")
    if mappings(selector.get("matchExpressions")):
        return False
    wanted = _labels(one)
    return bool(wanted) and wanted.items() <= other.pod_labels.items()


def _finding(snapshot: Snapshot, one: WorkloadItem, other: WorkloadItem) -> Diagnostic:
    both = [
        service.name
        for service in snapshot.of("Service", one.namespace)
        if one.selected_by(selector_of(service)) and other.selected_by(selector_of(service))
    ]
    led = f", and Service {', '.join(both)} leads to pods of both: clients of one reach the other" if both else ""
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        other.reference("spec", "selector"),
        f"its pods and those of StatefulSet {one.name} cannot be told apart by labels{led}; budgets, policies and "
        "kubectl -l take them for one set",
        tuple(
            f"{w.name}: selector {shown(_labels(w))}, labels of its pods {shown(w.pod_labels)}" for w in (one, other)
        ),
        "recreate both with a label of their own in spec.selector.matchLabels and in the template "
        f"(set: {one.name} and set: {other.name}), and select it in services that are for one of them",
        (one.name, other.name),
    )


CHECK = Check(
    _KEY,
    "two StatefulSets of which the selector of one matches the other's pods",
    "Kubernetes asks for selectors that do not overlap; what selects by labels, services first, takes both for one",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet",),
    also=("Service",),
)
