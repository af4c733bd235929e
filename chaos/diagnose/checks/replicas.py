"""Are there enough replicas for identity to matter?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        at = workload.reference("spec", "replicas")
        if workload.replicas == 0:
            yield Diagnostic(
                "few-replicas",
                Severity.WARNING,
                at,
                "it has no replicas: every name under its service is NXDOMAIN",
                ("spec.replicas is 0",),
                f"kubectl scale statefulset/{workload.name} -n {workload.namespace} --replicas=N",
                (workload.name,),
            )
        elif workload.replicas == 1:
            yield Diagnostic(
                "few-replicas",
                Severity.NOTE,
                at,
                "it has one replica: while that is replaced, the service name is NXDOMAIN too",
                ("spec.replicas is 1",),
                "",
                (workload.name,),
            )


CHECK = Check(
    "few-replicas",
    "a StatefulSet with no replica, or with one",
    "there is nobody left to answer while the only pod is replaced",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet",),
)
