"""Does a hook print what somebody will look for in the logs?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.scripts import scripts_of
from chaos.diagnose.snapshot import Snapshot

_PRINTS = re.compile(r"\b(echo|printf|nslookup|dig|cat)\b")
_TO_PID_1 = "/proc/1/fd/1"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    seen = set()
    for workload in snapshot.workloads:
        for script in scripts_of(snapshot, workload):
            if script.when not in ("postStart", "preStop"):
                continue
            text = script.body or " ".join(script.argv)
            key = (script.workload.kind, script.workload.name, script.when, script.at)
            if key in seen or not _PRINTS.search(text) or _TO_PID_1 in text:
                continue
            seen.add(key)
            yield Diagnostic(
                "hook-output",
                Severity.NOTE,
                script.at,
                f"the output of its {script.when} hook does not appear in kubectl logs",
                (" ".join(script.argv)[:100],),
                f"redirect it to {_TO_PID_1}, or write it to a file; what a failed hook says is in the pod's events",
                (workload.name,) if workload.kind == "StatefulSet" else (),
            )


CHECK = Check(
    "hook-output",
    "a `postStart` or `preStop` hook that prints something",
    "Kubernetes keeps the output of hooks nowhere; only the main process's is in the logs",
    (Severity.NOTE,),
    _look,
    kinds=("StatefulSet",),
)
