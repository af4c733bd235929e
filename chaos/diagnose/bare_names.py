"""Names of pods without a service: ``kv-0:2380``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.hosts import hosts
from chaos.diagnose.lookup import addresses_of, lookup_of
from chaos.diagnose.names import ORDINALS, is_own, ordinals_of
from chaos.diagnose.passages import Passage, passages
from chaos.diagnose.snapshot import Snapshot, WorkloadItem

# Options and variables by which a member tells others where it is.
_ANNOUNCED = re.compile(r"advertis|announce|broadcast|connect_address", re.IGNORECASE)
_SAID = re.compile(r"\s*(?:echo|printf|log\w*)\b[^>|]*$")
_SHOWN = 200
_VARIABLE = re.compile(r"(\$\{\w+\}|\$\(\w+\)|\$\w+|\$\(hostname(?: -s)?\))(?![\w.-])")


def bare_names(snapshot: Snapshot, check: str) -> Iterator[Diagnostic]:
    """Hosts that are a pod's name alone, which no search list completes."""
    if not snapshot.sets:
        return
    seen = set()
    for passage in passages(snapshot):
        here = {workload.name: workload for workload in snapshot.sets if workload.namespace == passage.namespace}
        if not here:
            continue
        base = "|".join(re.escape(name) for name in sorted(here, key=len, reverse=True))
        found: dict[str, list[str]] = {}
        for word in hosts(passage):
            match = re.fullmatch(rf"({base})-({ORDINALS})", word)
            if match and (word, passage.at) not in seen and _is_nowhere(snapshot, passage, here[match[1]], match[2]):
                seen.add((word, passage.at))
                found.setdefault(match[1], []).append(word)
        for name, written in found.items():
            yield _finding(check, passage, here[name], written)
        yield from _announced(snapshot, check, passage)


def _is_nowhere(snapshot: Snapshot, passage: Passage, workload: WorkloadItem, ordinal: str) -> bool:
    """Whether none of the things is there that make such a name work."""
    numbers = ordinals_of(ordinal)
    names = [f"{workload.name}-{n}" for n in numbers] or [f"{workload.name}-{workload.first_ordinal}"]
    if any(snapshot.get("Service", name, workload.namespace) for name in names):
        return False
    own = passage.owner is not None and passage.owner.object is workload.object
    if own and workload.replicas <= 1:
        return False  # by the pod's own /etc/hosts
    if any(w.kind != "StatefulSet" and (w.pod_spec.get("hostname") or w.name) in names for w in snapshot.workloads):
        return False
    return not any(_completed(snapshot, passage, reader, workload, names) for reader in passage.readers)


def _completed(
    snapshot: Snapshot, passage: Passage, reader: WorkloadItem, workload: WorkloadItem, names: list[str]
) -> bool:
    """Whether the reader's own search list or ``/etc/hosts`` has them."""
    if addresses_of(reader.pod_spec) & set(names):
        return True
    wanted = f"{names[0]}.{workload.service_name}.{workload.namespace}.svc."
    return any(name.startswith(wanted) for name in lookup_of(passage, reader.pod_spec, snapshot.domain).tried(names[0]))


def _finding(check: str, passage: Passage, workload: WorkloadItem, written: list[str]) -> Diagnostic:
    service = workload.service_name
    return Diagnostic(
        check,
        Severity.ERROR,
        passage.at,
        f"it asks for a pod of StatefulSet {workload.name} by the pod's name alone, which is no name in DNS: NXDOMAIN "
        "(a pod knows its own by /etc/hosts, nobody else's)",
        (*written, f"serviceName of StatefulSet {workload.name} is {service or '(empty)'}"),
        f"write {', '.join(f'{name}.{service}' for name in written)}"
        if service
        else "give the StatefulSet a serviceName",
        (workload.name,),
    )


def _announced(snapshot: Snapshot, check: str, passage: Passage) -> Iterator[Diagnostic]:
    """Its own name alone, told to others."""
    owner = passage.owner
    if owner is None or owner.kind != "StatefulSet" or owner.replicas <= 1 or not owner.service_name:
        return
    if owner.pod_spec.get("hostNetwork") is True or _SAID.match(passage.line):
        return  # in the node's network it is the node's name, which others may know
    for match in _VARIABLE.finditer(passage.line):
        before = passage.line[: match.start()]
        words = re.split(r"[\s,;]", before)
        for_what = (words[-1] or (words[-2] if len(words) > 1 else "")) + " " + passage.key
        host = re.search(r"(?:://|[=\s\"'@]|^)$", before)
        if not host or not _ANNOUNCED.search(for_what) or not is_own(match[1], passage.variables):
            continue
        names = [f"{owner.name}-{owner.first_ordinal}"]
        if snapshot.get("Service", names[0], owner.namespace) or _completed(snapshot, passage, owner, owner, names):
            continue
        yield Diagnostic(
            check,
            Severity.ERROR,
            passage.at,
            f"its pods announce themselves by their names alone ({match[1]}), which nobody else can look up: NXDOMAIN",
            (match[1], passage.line.strip()[:_SHOWN]),
            f"write {match[1]}.{owner.service_name}",
            (owner.name,),
        )
