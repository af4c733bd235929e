"""Do annotations stand there that nobody reads any more?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, text

_KEY = "dead-annotation"
_TOLERATE = "service.alpha.kubernetes.io/tolerate-unready-endpoints"
# Annotation of a pod → the field that took its place, and since when nobody reads the annotation.
_OF_PODS = {
    "pod.beta.kubernetes.io/hostname": ("hostname", "1.7"),
    "pod.beta.kubernetes.io/subdomain": ("subdomain", "1.7"),
    "pod.beta.kubernetes.io/init-containers": ("initContainers", "1.8"),
    "pod.alpha.kubernetes.io/init-containers": ("initContainers", "1.8"),
}


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for service in snapshot.of("Service"):
        said = text(mapping(service.object, "metadata", "annotations").get(_TOLERATE))
        if said.lower() == "true" and service.spec.get("publishNotReadyAddresses") is not True:
            yield _tolerate(snapshot, service)
    for workload in snapshot.workloads:
        annotations = mapping(workload.template, "metadata", "annotations")
        for key, (field, since) in _OF_PODS.items():
            if key in annotations and not workload.pod_spec.get(field):
                yield _of_pod(workload, key, field, since)


def _tolerate(snapshot: Snapshot, service: Item) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        service.reference("metadata", "annotations", _TOLERATE),
        f"the annotation {_TOLERATE} has no effect any more (removed in 1.24): pods that are not Ready are "
        "in no answer",
        (f"{_TOLERATE}: true", "spec.publishNotReadyAddresses is not true"),
        "set spec.publishNotReadyAddresses: true, and remove the annotation",
        snapshot.sets_behind(service),
    )


def _of_pod(workload: WorkloadItem, key: str, field: str, since: str) -> Diagnostic:
    path = (*workload.template_path, "metadata", "annotations", key)
    stateful = workload.kind == "StatefulSet"
    named = field in ("hostname", "subdomain")
    return Diagnostic(
        _KEY,
        Severity.NOTE if stateful and named else Severity.WARNING,
        workload.reference(*path),
        f"the annotation {key} has no effect any more (since {since})"
        + (": a StatefulSet's controller sets it anyway" if stateful and named else ""),
        (f"{key} is there, and {field} is not",),
        "remove the annotation" if stateful and named else f"write {field} in the pod's spec, remove the annotation",
        (workload.name,) if stateful else (),
    )


CHECK = Check(
    _KEY,
    "annotations that nobody reads any more: `tolerate-unready-endpoints` of a Service, `hostname`, `subdomain` and "
    "`init-containers` of pods",
    "they are taken without a word, and members that wait for each other wait for ever",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("Service",),
    also=("StatefulSet",),
)
