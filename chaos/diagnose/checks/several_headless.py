"""Do several headless services select the same pods?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Snapshot, is_headless, selector_of


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        services = snapshot.of("Service", workload.namespace)
        if snapshot.get("Service", workload.service_name, workload.namespace) is None:
            continue  # there is no better name: governing_service.py says what is missing
        for service in services:
            if service.name == workload.service_name or not is_headless(service):
                continue
            if not workload.selected_by(selector_of(service)):
                continue
            governing = workload.service_name
            yield Diagnostic(
                "several-headless",
                Severity.NOTE,
                service.reference("spec"),
                f"it is headless and selects pods of StatefulSet {workload.name}, which is governed by "
                f"{governing}: its own name gives their addresses, but no pod has a name under it",
                (f"serviceName is {governing}", f"{workload.name}-0.{service.name} is NXDOMAIN"),
                f"address single pods as {workload.name}-N.{governing}",
                (workload.name,),
            )


CHECK = Check(
    "several-headless",
    "a second headless Service for the pods of a StatefulSet",
    "its name works, names of pods under it do not",
    (Severity.NOTE,),
    _look,
    kinds=("StatefulSet", "Service"),
)
