"""Are pods that are not Ready published where they are needed, and only there?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.names import pod_names
from chaos.diagnose.snapshot import (
    POD_INDEX_LABEL,
    POD_NAME_LABEL,
    Snapshot,
    WorkloadItem,
    is_headless,
    selector_of,
)

_KEY = "not-ready-addresses"
_FIELD = "publishNotReadyAddresses"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        service = snapshot.get("Service", workload.service_name, workload.namespace)
        asked = _asked_at_start(snapshot, workload)
        if service is not None and asked and service.spec.get(_FIELD) is not True:
            yield Diagnostic(
                _KEY,
                Severity.NOTE,
                service.reference("spec"),
                f"pods of {workload.name} ask for each other's names while they start, and it publishes a pod "
                "only when that is "
                "Ready: the first one finds nobody, itself included",
                (asked, f"{_FIELD} is not true"),
                f"set {_FIELD}: true on the governing service, and let clients use another one; or repeat the "
                "lookup until it "
                "succeeds",
                (workload.name,),
            )
    for service in snapshot.of("Service"):
        if service.spec.get(_FIELD) is not True or is_headless(service):
            continue
        if {POD_NAME_LABEL, POD_INDEX_LABEL} & selector_of(service).keys():
            continue  # one pod's own way in: there is no other that could answer instead
        behind = snapshot.sets_behind(service)
        if behind and selector_of(service):
            yield Diagnostic(
                _KEY,
                Severity.WARNING,
                service.reference("spec", _FIELD),
                "it sends clients to pods that are not Ready",
                (f"{_FIELD}: true on a service with a virtual address",),
                f"set {_FIELD}: false here; members that look for each other use the headless service",
                behind,
            )


def _asked_at_start(snapshot: Snapshot, workload: WorkloadItem) -> str:
    """A name of a member that its containers ask for while they start; empty where they do not."""
    for name in pod_names(snapshot):
        own = name.owner is not None and name.owner.object is workload.object
        if own and name.startup and (name.base, name.service) == (workload.name, workload.service_name):
            return f"{name.written} in {name.at.describe()}"
    return ""


CHECK = Check(
    _KEY,
    "members that look each other up while they start, under a service without `publishNotReadyAddresses`; a client's "
    "service with it",
    "a record appears only when its pod is Ready, so members that wait for each other to be found wait for ever",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("ConfigMap",),
)
