"""Every place of a manifest where a program reads a text in which a name may stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from chaos.diagnose.diagnostic import Reference
from chaos.diagnose.scripts import Script, code_lines, scripts_of
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text, texts
from chaos.diagnose.variables import contents, environment
from chaos.model.object import Object

_ASSIGNED = re.compile(r"\b(?:for |read |local |export )?([A-Za-z_]\w*)(?==| in )")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROGRAMS = ("main", "init")
_HOOKS = ("postStart", "preStop")


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of text, and who reads it.

    Attributes:
        key: what the text is for, where that is known: the variable, or the option before it.
        namespace: in which its names are looked up.
        readers: the workloads whose containers read it; empty: not known.
        owner: the only one of them, in whose pods it is surely read.
        startup: whether it is read while the main container starts.
        variables: what `$(VAR)` stands for there.
    """

    line: str
    at: Reference
    namespace: str
    key: str = ""
    readers: tuple[WorkloadItem, ...] = ()
    startup: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    image: str = ""

    @property
    def owner(self) -> WorkloadItem | None:
        return self.readers[0] if len(self.readers) == 1 else None


@lru_cache(maxsize=1)  # several checks ask for those of one snapshot
def passages(snapshot: Snapshot) -> tuple[Passage, ...]:
    """All of a snapshot; a script that several containers run stands once for each."""
    found: list[Passage] = []
    for workload in snapshot.workloads:
        found += _of_workload(snapshot, workload)
    for kind in ("ConfigMap", "Secret"):
        for item in snapshot.of(kind):
            found += _of_texts(snapshot, item)
    for service in snapshot.of("Service"):
        if service.spec.get("type") == "ExternalName":
            name = text(service.spec.get("externalName"))
            found.append(Passage(name, service.reference("spec", "externalName"), service.namespace, "externalName"))
    return tuple(found)


def _of_workload(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Passage]:
    scripts = list(scripts_of(snapshot, workload))
    for path, container in workload.every_container:
        plain = Passage(
            "",
            workload.reference(*path),
            workload.namespace,
            readers=(workload,),
            variables=environment(snapshot, workload, container),
            image=text(container.get("image")),
        )
        own = [script for script in scripts if script.container is container]
        for script in own:
            yield from _of_script(script, plain)
        if not any(script.when in _PROGRAMS and _is_inline(script) for script in own):
            yield from _of_words(workload, path, container, plain)
        for i, row in enumerate(mappings(container.get("env"))):
            at = workload.reference(*path, "env", i, "value")
            yield replace(plain, line=text(row.get("value")), at=at, key=text(row.get("name")))
        for where, host in _hosts(container):
            yield replace(plain, line=host, at=workload.reference(*path, *where), key="host")


def _of_script(script: Script, plain: Passage) -> Iterator[Passage]:
    if script.body:
        own = _assigned(script.body)
        known = {name: value for name, value in plain.variables.items() if name not in own}
        startup = script.when in ("main", "postStart")
        for i, line in script.lines:
            yield replace(plain, line=line, at=script.line(i), startup=startup, variables=known)
    elif script.when not in _PROGRAMS:
        yield replace(plain, line=" ".join(script.argv), at=script.at)


def _of_words(
    workload: WorkloadItem, path: tuple[str | int, ...], container: Object, plain: Passage
) -> Iterator[Passage]:
    for field_name in ("command", "args"):
        words = texts(container.get(field_name))
        for i, word in enumerate(words):
            option = words[i - 1] if i and re.fullmatch(r"-[\w.-]+", words[i - 1]) else ""
            yield replace(plain, line=word, at=workload.reference(*path, field_name, i), key=option)


def _assigned(body: str) -> set[str]:
    """Variables that a script sets itself."""
    return set(_ASSIGNED.findall(body))


def _is_inline(script: Script) -> bool:
    """Whether its body is one of the container's words, which are read with it."""
    return bool(script.body) and script.body in script.argv


def _hosts(container: Object) -> Iterator[tuple[tuple[str, ...], str]]:
    """Whom the kubelet connects to, other than the pod."""
    for outer in (*((probe,) for probe in _PROBES), *(("lifecycle", hook) for hook in _HOOKS)):
        for inner in ("httpGet", "tcpSocket"):
            if host := text(mapping(container, *outer, inner).get("host")):
                yield (*outer, inner, "host"), host


def _of_texts(snapshot: Snapshot, item: Item) -> Iterator[Passage]:
    readers = tuple(w for w in snapshot.workloads if w.namespace == item.namespace and _reads(w, item))
    known = environment(snapshot, readers[0], readers[0].containers[0][1]) if _is_one(readers) else {}
    image = text(readers[0].containers[0][1].get("image")) if _is_one(readers) else ""
    for where, key, content in contents(item):
        own = _assigned(content) if known else set()
        variables = {name: value for name, value in known.items() if name not in own}
        for i, line in code_lines(content):
            offset = 0 if item.kind == "Secret" and where == "data" else i  # encoded, it has one line
            at = item.reference(where, key, offset=offset)
            yield Passage(line, at, item.namespace, key, readers, variables=variables, image=image)


def _is_one(readers: tuple[WorkloadItem, ...]) -> bool:
    return len(readers) == 1 and len(readers[0].containers) == 1


def _reads(workload: WorkloadItem, item: Item) -> bool:
    """Whether a workload mounts a ConfigMap or a Secret, or takes variables from it."""
    volume, source, key = (
        ("secret", "secretRef", "secretKeyRef")
        if item.kind == "Secret"
        else ("configMap", "configMapRef", "configMapKeyRef")
    )
    for row in mappings(workload.pod_spec.get("volumes")):
        for one in (row, *mappings(mapping(row, "projected").get("sources"))):
            named = mapping(one, volume)
            if item.name in (text(named.get("name")), text(named.get("secretName"))):
                return True
    for _, container in workload.every_container:
        if any(text(mapping(row, source).get("name")) == item.name for row in mappings(container.get("envFrom"))):
            return True
        for row in mappings(container.get("env")):
            if text(mapping(row, "valueFrom", key).get("name")) == item.name:
                return True
    return False
