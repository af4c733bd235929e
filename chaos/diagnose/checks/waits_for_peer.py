"""Does a pod wait for a member that is made only after it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.corpus import of_container
from chaos.diagnose.diagnostic import Diagnostic, Reference, Severity
from chaos.diagnose.scripts import code_lines, scripts_of
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text

_KEY = "waits-for-peer"
_PUBLISH = "publishNotReadyAddresses"
_PROBES = ("readinessProbe", "startupProbe")
# What tells members apart: the first one may well skip what the others wait for.
_TELLS_APART = re.compile(r"HOSTNAME|hostname|POD_NAME|POD_INDEX|ordinal|ORDINAL|INDEX|MY_|\|\||\btimeout |-lt |-le ")
_ORDINAL = r"\d+|\$\w+|\$\{\w+\}"
# A loop over all members; one that counts who answers may be content with some of them.
_ALL = re.compile(r"\bfor \w+ in (?:[0-9 ]+|\{0\.\.\d+\}|\$\(seq [^)]*\)|`seq [^`]*`)\s*(?:;|$)", re.MULTILINE)
_COUNTS = re.compile(r"\+\+|\+=|\+ ?1|count|quorum|\bif\b")
_LOOPS = re.compile(r"\b(?:until|while\s+!)\s[^;\n]*")
_WAITS = re.compile(r"\b(until|while)\b|wait-for|wait4|\bnslookup\b|\bdig\b|\bgetent\b|\bping\b|\bnc\b")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.sets:
        if workload.replicas == 0:
            continue
        service = snapshot.get("Service", workload.service_name, workload.namespace)
        if service is None or service.spec.get("type") == "ExternalName":
            continue
        published = service.spec.get(_PUBLISH) is True
        for probe, at, body in _probed(snapshot, workload):
            for written, ordinal in _members(workload, body):
                found = _of_probe(workload, service, probe, at, written, ordinal, published=published)
                if found is not None:
                    yield found
                    break
        yield from _at_start(workload, service, snapshot, published=published)


def _members(workload: WorkloadItem, body: str) -> Iterator[tuple[str, int]]:
    """(as it stands there, ordinal) of each name of a member with a number in it."""
    name, service = re.escape(workload.name), re.escape(workload.service_name)
    for match in re.finditer(rf"(?<![\w.$-]){name}-({_ORDINAL})\.{service}(?![\w-])[\w.-]*", body):
        if match[1].isdigit():
            yield match[0].rstrip("."), int(match[1])
        elif _ALL.search(body) and not _COUNTS.search(body):
            yield match[0].rstrip("."), workload.ordinals.stop - 1


def _probed(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[tuple[str, Reference, str]]:
    for script in scripts_of(snapshot, workload):
        if script.when in _PROBES:
            body = "\n".join(line for _, line in script.lines) if script.body else " ".join(script.argv)
            if "||" not in body:
                yield script.when, script.at, body
    for path, container in workload.containers:
        for probe in _PROBES:
            for how in ("httpGet", "tcpSocket"):
                host = text(mapping(container, probe, how).get("host"))
                if host:
                    yield probe, workload.reference(*path, probe, how, "host"), host


def _of_probe(
    workload: WorkloadItem, service: Item, probe: str, at: Reference, written: str, ordinal: int, *, published: bool
) -> Diagnostic | None:
    ordered = workload.spec.get("podManagementPolicy") != "Parallel"
    first = workload.first_ordinal
    if ordinal not in workload.ordinals:
        return None  # there is no such pod at all: pod_names.py
    fixes = []
    if ordered and ordinal > first:
        why = (
            f"with OrderedReady {workload.name}-{ordinal} is made only when {workload.name}-{first} is Ready, and that "
            f"waits for {workload.name}-{ordinal}"
        )
        fixes.append("recreate it with podManagementPolicy: Parallel")
    elif published:
        return None
    else:
        why = f"{written} is in DNS only when that pod is Ready, and no pod is Ready before it is"
    if not published:
        fixes.append(f"set {_PUBLISH}: true on Service {service.name}")
    return Diagnostic(
        _KEY,
        Severity.WARNING,
        at,
        f"its {probe} asks for the member {written}: {why}: none ever is",
        (
            f"{probe}: {written}",
            f"podManagementPolicy: {text(workload.spec.get('podManagementPolicy')) or 'OrderedReady'}",
            f"{_PUBLISH} of {service.name} is {'true' if published else 'not true'}",
        ),
        f"{', and '.join(fixes)}; or let the probe ask the pod itself",
        (workload.name,),
    )


def _starting(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[tuple[str, Reference, str]]:
    """What has to end before a pod can be Ready: (who waits, where, its text)."""
    path = (*workload.template_path, "spec", "initContainers")
    for i, container in enumerate(mappings(workload.pod_spec.get("initContainers"))):
        body = "\n".join(line for _, line in code_lines(of_container(snapshot, workload, container)))
        if container.get("restartPolicy") != "Always" and _WAITS.search(body):
            yield f"init container {text(container.get('name'))}", workload.reference(*path, i), body
    for script in scripts_of(snapshot, workload):
        # Without a readiness probe a container is Ready as soon as it runs, and its name is there.
        if script.when == "main" and mapping(script.container, "readinessProbe"):
            body = "\n".join(line for _, line in script.lines)
            if not _TELLS_APART.search(body) and (loop := _LOOPS.search(body)):
                kept = loop[0] if not _ALL.search(body) else body
                yield f"container {text(script.container.get('name'))}", script.at, kept


def _at_start(workload: WorkloadItem, service: Item, snapshot: Snapshot, *, published: bool) -> Iterator[Diagnostic]:
    """A pod that waits before it can be Ready is in no answer meanwhile, without `published`."""
    ordered = workload.spec.get("podManagementPolicy") != "Parallel"
    for who, at, body in _starting(snapshot, workload):
        if _TELLS_APART.search(body):
            continue
        asked = [(written, n) for written, n in _members(workload, body) if n in workload.ordinals]
        later = [written for written, n in asked if ordered and n > workload.first_ordinal]
        if not asked or (published and not later):
            continue
        written = later[0] if later else asked[0][0]
        fix = [] if published else [f"set {_PUBLISH}: true on Service {service.name}"]
        fix += ["recreate the StatefulSet with podManagementPolicy: Parallel"] if later else []
        what = (
            f"with OrderedReady that one is made only when {workload.name}-{workload.first_ordinal} is Ready"
            if later
            else "a pod is in DNS only when it is Ready, and none is while it waits"
        )
        yield Diagnostic(
            _KEY,
            Severity.WARNING,
            at,
            f"its {who} waits for the member {written}, in every pod: {what}: none ever is",
            (written, f"{_PUBLISH} of {service.name} is {'true' if published else 'not true'}"),
            f"{', and '.join(fix)}; or let {workload.name}-{workload.first_ordinal} skip it",
            (workload.name,),
        )


CHECK = Check(
    _KEY,
    "a readiness or startup probe that asks for another member under OrderedReady; an init container, or a container "
    "with a readiness probe, that waits in a loop for a member whose name is published only when it is Ready",
    "each waits for the other, for ever; nothing fails",
    (Severity.WARNING,),
    _look,
    kinds=("StatefulSet", "Service"),
    also=("ConfigMap",),
)
