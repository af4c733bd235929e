"""Does a pod in the node's network take the node's name for its own?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.corpus import of_container
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings

_KEY = "node-hostname"
_USE = re.compile(
    r"(?P<own>\$\(\s*hostname(?:\s+-s)?\s*\)|`hostname(?:\s+-s)?`|\$\{HOSTNAME\}|\$HOSTNAME)\.(?P<service>[a-z0-9-]+)"
)


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        if workload.pod_spec.get("hostNetwork") is True:
            yield from _of(snapshot, workload)


def _of(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Diagnostic]:
    init = mappings(workload.pod_spec.get("initContainers"))
    containers = [*(c for _, c in workload.containers), *init]
    used = [
        match
        for container in containers
        if not _sets_hostname(container)
        for match in _USE.finditer(of_container(snapshot, workload, container))
        if match["service"] == workload.service_name
    ]
    told = any(_knows_its_name(container) for container in containers)
    if told and not used:
        return
    name = used[0]["own"] if used else ""
    spec = workload.reference(*workload.template_path, "spec", "hostNetwork")
    yield Diagnostic(
        _KEY,
        Severity.ERROR if used else Severity.NOTE,
        spec,
        (
            f"its pods take {name} for their name, and in the node's network that is the node's: no member is called so"
            if used
            else "in the node's network hostname is the node's, and no pod's own name stands in its /etc/hosts: what "
            "asks hostname who it is does not learn its member's name"
        ),
        ("hostNetwork: true", *((used[0][0],) if used else ())),
        "env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"
        + (f", and $(POD_NAME) instead of {name}" if used else " for what needs its own name"),
        (workload.name,),
    )


def _knows_its_name(container: dict[str, object]) -> bool:
    rows = mappings(container.get("env"))
    return any(mapping(row, "valueFrom", "fieldRef").get("fieldPath") == "metadata.name" for row in rows)


def _sets_hostname(container: dict[str, object]) -> bool:
    """Whether env gives it a HOSTNAME of its own."""
    return any(row.get("name") == "HOSTNAME" for row in mappings(container.get("env")))


CHECK = Check(
    _KEY,
    "a StatefulSet with `hostNetwork`, and what in it takes `hostname` for the pod's name",
    "there it is the node's (kubernetes/kubernetes#55404)",
    (Severity.ERROR, Severity.NOTE),
    _look,
    kinds=("StatefulSet",),
    also=("ConfigMap",),
)
