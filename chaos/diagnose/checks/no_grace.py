"""Is an old pod gone before its name is given away?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import number

_FIELD = "terminationGracePeriodSeconds"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        if number(workload.pod_spec.get(_FIELD), 1) == 0:
            yield Diagnostic(
                "no-grace",
                Severity.WARNING,
                workload.reference(*workload.template_path, "spec", _FIELD),
                "its pods are deleted without waiting for their containers: the old one may still run, and write, "
                "while a new one has its name and its volume",
                (f"{_FIELD}: 0",),
                f"remove {_FIELD} (30 s then), or set it to what the program needs to end, at least 1",
                (workload.name,),
            )


CHECK = Check(
    "no-grace",
    "a StatefulSet with `terminationGracePeriodSeconds: 0`",
    "Kubernetes says of it that it is unsafe: at most one pod of an identity is promised only where the kubelet says "
    "that the old one is gone",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet",),
)
