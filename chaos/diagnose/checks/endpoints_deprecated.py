"""Is the deprecated Endpoints API used?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Reference, Severity
from chaos.diagnose.scripts import code_lines, scripts_of
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import mapping, text

_KEY = "endpoints-deprecated"
_USE = re.compile(r"\bkubectl\b.*\bget\s+(endpoints?|ep)\b")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for item in snapshot.of("Endpoints"):
        if not snapshot.live:  # a cluster makes them for every service by itself
            yield _finding(item.reference("kind"), "kind: Endpoints")
    for at, line in dict.fromkeys(_lines(snapshot)):
        if _USE.search(line):
            yield _finding(at, line.strip())


def _lines(snapshot: Snapshot) -> Iterator[tuple[Reference, str]]:
    for workload in snapshot.workloads:
        for script in scripts_of(snapshot, workload):
            yield from ((script.line(i), line) for i, line in script.lines)
    for item in snapshot.of("ConfigMap"):
        for key, content in mapping(item.object, "data").items():
            yield from ((item.reference("data", key, offset=i), line) for i, line in code_lines(text(content)))


def _finding(at: Reference, seen: str) -> Diagnostic:
    return Diagnostic(
        _KEY,
        Severity.NOTE,
        at,
        "Endpoints is deprecated since Kubernetes 1.33",
        (seen[:100],),
        "use EndpointSlices, which also say serving, terminating and each endpoint's hostname: "
        "kubectl get endpointslices -l kubernetes.io/service-name=SERVICE",
    )


CHECK = Check(
    _KEY,
    "an Endpoints object, or `kubectl get endpoints` in a script",
    "it is deprecated since 1.33, is cut at 1,000 addresses, and does not show which endpoints still serve",
    (Severity.NOTE,),
    _look,
    also=("ConfigMap", "Job"),
)
