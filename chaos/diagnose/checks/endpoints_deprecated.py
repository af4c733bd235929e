"""Is the deprecated Endpoints API used?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.finding import Finding, Reference, Severity
from chaos.diagnose.scripts import code_lines, scripts_of
from chaos.diagnose.values import mapping, text
from chaos.diagnose.view import View

_KEY = "endpoints-deprecated"
_USE = re.compile(r"\bkubectl\b.*\bget\s+(endpoints?|ep)\b")


def _look(view: View) -> Iterator[Finding]:
    for item in view.of("Endpoints"):
        if not view.live:  # a cluster makes them for every service by itself
            yield _finding(item.reference("kind"), "kind: Endpoints")
    for at, line in dict.fromkeys(_lines(view)):
        if _USE.search(line):
            yield _finding(at, line.strip())


def _lines(view: View) -> Iterator[tuple[Reference, str]]:
    for workload in view.workloads:
        for script in scripts_of(view, workload):
            yield from ((script.line(i), line) for i, line in script.lines)
    for item in view.of("ConfigMap"):
        for key, content in mapping(item.object, "data").items():
            yield from ((item.reference("data", key, offset=i), line) for i, line in code_lines(text(content)))


def _finding(at: Reference, seen: str) -> Finding:
    return Finding(
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
