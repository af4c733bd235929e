"""Is a pod of a Deployment addressed by a name?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Reference, Severity
from chaos.diagnose.names import PodName, pod_names
from chaos.diagnose.passages import passages
from chaos.diagnose.snapshot import Snapshot, WorkloadItem, selector_of

_KEY = "deployment-pod-name"
# Suffixes of ReplicaSets and pods have no vowels and no 0, 1, 3: https://github.com/kubernetes/apimachinery, util/rand.
_HASH = "[bcdfghjklmnpqrstvwxz2456789]"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    deployments = [w for w in snapshot.workloads if w.kind == "Deployment"]
    if not deployments:
        return
    for name in pod_names(snapshot):
        for workload in deployments:
            own = name.owner is not None and name.owner.object is workload.object and not name.base
            if (workload.name == name.base and name.full) or (own and _has_no_name(snapshot, workload, name)):
                yield _finding(snapshot, workload, name.at, name.written)
    for passage in passages(snapshot):
        for workload in deployments:
            pattern = rf"\b{re.escape(workload.name)}-{_HASH}{{5,10}}-{_HASH}{{5}}(\.[a-z][\w.-]*)"
            for match in re.finditer(pattern, passage.line):
                yield _finding(snapshot, workload, passage.at, match[0])


def _has_no_name(snapshot: Snapshot, workload: WorkloadItem, name: PodName) -> bool:
    """Whether a pod's own name is put under a service that is there; a hostname of its own may make it right."""
    spec = workload.pod_spec
    there = snapshot.get("Service", name.service, name.namespace or name.home) is not None
    return there and not spec.get("hostname") and not spec.get("subdomain")


def _finding(snapshot: Snapshot, workload: WorkloadItem, at: Reference, written: str) -> Diagnostic:
    services = [s.name for s in snapshot.of("Service", workload.namespace) if workload.selected_by(selector_of(s))]
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        at,
        f"it asks for a single pod of Deployment {workload.name} by name; those have no names in DNS: NXDOMAIN",
        (written, f"services that select them: {', '.join(services) or 'none'}"),
        f"use {services[0]}, which leads to all of them"
        if services
        else "put a Service in front of them, or make it a StatefulSet if each pod needs a name",
    )


CHECK = Check(
    _KEY,
    "a pod of a Deployment that is addressed by its name",
    "also behind a headless service it has only an address-shaped name, which changes with the address",
    (Severity.ERROR,),
    _look,
    kinds=("Deployment",),
    also=("ConfigMap", "Job"),
)
