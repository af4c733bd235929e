"""Names of single pods, wherever a manifest or a script writes one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from chaos.diagnose.diagnostic import Reference
from chaos.diagnose.scripts import Script, code_lines, scripts_of
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text, texts

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VARIABLE = r"\$\{\w+\}|\$\(\w+\)|\$\w+"
_ORDINAL = rf"\d+|\{{\d+\.\.\d+\}}|\$\(\([^)]*\)\)|{_VARIABLE}"
_NAME = re.compile(
    rf"(?<![\w.$-])(?:(?P<base>{_LABEL})-(?P<ordinal>{_ORDINAL})|(?P<own>{_VARIABLE}))"
    rf"\.(?P<service>{_LABEL}|{_VARIABLE})"
    rf"(?:\.(?P<namespace>{_LABEL}|{_VARIABLE})(?P<svc>\.svc\b)?)?"
)
# Variables that hold the pod's own name: by Kubernetes itself, by habit, and the program `hostname`.
_OWN_NAME = frozenset({"HOSTNAME", "POD_NAME", "MY_POD_NAME", "hostname"})


@dataclass(frozen=True, slots=True)
class PodName:
    """A name that is meant to be one pod's.

    Attributes:
        written: as it stands there.
        base: the StatefulSet's name; empty where it is the pod's own.
        ordinal: a number, or whatever makes one.
        namespace: empty where the name leaves it out.
        full: whether it says ``.svc``, so that it is surely a name in cluster DNS.
        owner: the workload whose container uses it; None: not known.
        home: the namespace in which it is looked up.
    """

    written: str
    base: str
    ordinal: str
    service: str
    namespace: str
    full: bool
    at: Reference
    owner: WorkloadItem | None
    home: str
    startup: bool = False

    @property
    def is_variable(self) -> bool:
        """Whether service or namespace are known only when it runs."""
        return "$" in self.service or "$" in self.namespace


@lru_cache(maxsize=1)  # several checks ask for those of one snapshot
def pod_names(snapshot: Snapshot) -> tuple[PodName, ...]:
    """All such names of a snapshot, each place once."""
    found: dict[tuple[str, Reference], PodName] = {}
    for workload in snapshot.workloads:
        for name in _of_workload(snapshot, workload):
            found.setdefault((name.written, name.at), name)
    for item in snapshot.of("ConfigMap"):
        for name in _of_config(item):
            found.setdefault((name.written, name.at), name)
    return tuple(found.values())


def _of_workload(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[PodName]:
    for script in scripts_of(snapshot, workload):
        yield from _of_script(script)
    for path, container in workload.containers:
        for i, row in enumerate(mappings(container.get("env"))):
            at = workload.reference(*path, "env", i, "value")
            yield from in_text(text(row.get("value")), at, workload, workload.namespace)


def _of_script(script: Script) -> Iterator[PodName]:
    workload = script.workload
    startup = script.when in ("main", "postStart")
    if script.body:
        for i, line in script.lines:
            yield from in_text(line, script.line(i), workload, workload.namespace, startup=startup)
        return
    for field in ("command", "args"):
        for path, container in workload.containers:
            if container is script.container and script.when == "main":
                for i, word in enumerate(texts(container.get(field))):
                    at = workload.reference(*path, field, i)
                    yield from in_text(word, at, workload, workload.namespace)
    if script.when != "main":
        yield from in_text(" ".join(script.argv), script.at, workload, workload.namespace)


def _of_config(item: Item) -> Iterator[PodName]:
    for key, content in mapping(item.object, "data").items():
        for i, line in code_lines(text(content)):
            yield from in_text(line, item.reference("data", key, offset=i), None, item.namespace)


def in_text(
    line: str, at: Reference, owner: WorkloadItem | None, home: str, *, startup: bool = False
) -> Iterator[PodName]:
    """The names in one line of text."""
    for match in _NAME.finditer(line):
        own = match["own"]
        if own and own.strip("${}()") not in _OWN_NAME:
            continue
        yield PodName(
            match[0],
            match["base"] or "",
            match["ordinal"] or "",
            match["service"],
            match["namespace"] or "",
            bool(match["svc"]),
            at,
            owner,
            home,
            startup,
        )
