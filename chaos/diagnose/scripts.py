"""The programs of a pod's containers: what runs, through which shell, with which text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chaos.diagnose.diagnostic import Reference
from chaos.diagnose.images import runs_arguments
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import mapping, mappings, text, texts
from chaos.model.object import Object

SHELLS = ("sh", "bash", "ash", "dash")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


@dataclass(frozen=True, slots=True)
class Script:
    """A program that a container runs.

    Attributes:
        when: ``main``, ``init``, ``postStart``, ``preStop``, ``readinessProbe``, …
        argv: as the manifest has it; empty: the image's own.
        shell: that reads `body`; empty where the program is no shell.
        body: the shell's program text, from its argument or from a mounted ConfigMap; empty where it is not known.
        at: the container's fields of it.
        body_at: the object and line where `body` is.
        body_item: the object with `body`, and its path in it.
        nested: whether another script of the container calls it.
    """

    workload: WorkloadItem
    container: Object
    when: str
    argv: tuple[str, ...]
    shell: str
    body: str
    at: Reference
    body_item: Item
    body_path: tuple[str | int, ...]
    nested: bool = False

    @property
    def image(self) -> str:
        return text(self.container.get("image"))

    @property
    def depends_on_image(self) -> bool:
        """Whether the image's entrypoint, which nobody sees here, gets `argv` and decides what becomes of it."""
        own = self.when == "main" and not texts(self.container.get("command"))
        return own and bool(self.argv) and not runs_arguments(self.image)

    def line(self, offset: int) -> Reference:
        """Where a line of `body` is."""
        return self.body_item.reference(*self.body_path, offset=offset)

    @property
    def lines(self) -> Iterator[tuple[int, str]]:
        """Lines of `body` without comments."""
        return code_lines(self.body)


def code_lines(body: str) -> Iterator[tuple[int, str]]:
    """(number from 0, text) of the lines of a script without comments."""
    for i, line in enumerate(body.splitlines()):
        code = _COMMENT.sub(r"\1", line)
        if code.strip():
            yield i, code


def scripts_of(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Script]:
    """All programs that a workload's containers run."""
    for script in _outer_scripts(snapshot, workload):
        yield script
        yield from _called(snapshot, script)


def _outer_scripts(snapshot: Snapshot, workload: WorkloadItem) -> Iterator[Script]:
    for path, container in workload.every_container:
        when = "init" if path[-2] == "initContainers" else "main"
        yield _script(snapshot, workload, container, when, path, ("command", "args"))
        for hook in ("postStart", "preStop"):
            if mapping(container, "lifecycle", hook, "exec"):
                where = (*path, "lifecycle", hook, "exec")
                yield _script(snapshot, workload, container, hook, where, ("command",))
        for probe in _PROBES:
            if mapping(container, probe, "exec"):
                yield _script(snapshot, workload, container, probe, (*path, probe, "exec"), ("command",))


def _called(snapshot: Snapshot, script: Script) -> Iterator[Script]:
    """The mounted scripts that a script's text names."""
    for item, path, target, content in mounted_texts(snapshot, script.workload, script.container):
        if target in script.body and content != script.body and (shell := _shell_of(content)):
            yield replace(script, shell=shell, body=content, body_item=item, body_path=path, nested=True)


def _shell_of(content: str) -> str:
    """The shell of a script's first line; empty where that names none."""
    first = content.partition("\n")[0]
    shell = program_name(first.split()[-1]) if first.startswith("#!") and first.strip("#! ") else ""
    return shell if shell in SHELLS else ""


def unread_mounts(snapshot: Snapshot, script: Script) -> Iterator[tuple[str, str]]:
    """(ConfigMap, file or folder) that a script's text names and whose ConfigMap is not in the snapshot."""
    volumes = {text(v.get("name")): v for v in mappings(script.workload.pod_spec.get("volumes"))}
    for mount in mappings(script.container.get("volumeMounts")):
        config = text(mapping(volumes.get(text(mount.get("name")), {}), "configMap").get("name"))
        folder = text(mount.get("mountPath")).rstrip("/")
        named = folder and any(folder in said for said in (script.body, *script.argv))
        if config and named and snapshot.get("ConfigMap", config, script.workload.namespace) is None:
            yield config, folder


def _script(
    snapshot: Snapshot,
    workload: WorkloadItem,
    container: Object,
    when: str,
    path: tuple[str | int, ...],
    fields: tuple[str, ...],
) -> Script:
    holder = _at(workload.object, path)
    words: list[tuple[str, tuple[str | int, ...]]] = []
    for field in fields:
        words += [(word, (*path, field, i)) for i, word in enumerate(texts(holder.get(field)))]
    argv = tuple(word for word, _ in words)
    shell, body, body_item, body_path = "", "", Item(workload.object, workload.namespace, workload.location), path
    if argv and program_name(argv[0]) in SHELLS:
        shell = program_name(argv[0])
        flagged = next((i for i, word in enumerate(argv) if re.fullmatch(r"-[a-z]*c[a-z]*", word)), None)
        if flagged is not None and flagged + 1 < len(argv):
            body, body_path = words[flagged + 1]
        else:
            named = next((word for word in argv[1:] if not word.startswith("-")), "")
            found = _mounted(snapshot, workload, container, named)
            if found is not None:
                body_item, body_path, body = found
    elif argv:
        found = _mounted(snapshot, workload, container, argv[0])
        if found is not None:
            body_item, body_path, body = found
            shell = _shell_of(body)
    at = workload.reference(*(words[0][1] if words else path))
    return Script(workload, container, when, argv, shell, body, at, body_item, body_path)


def _at(obj: Object, path: tuple[str | int, ...]) -> Object:
    value: object = obj
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = [item for item in value if isinstance(item, dict)][step]
    return value if isinstance(value, dict) else {}


def _mounted(
    snapshot: Snapshot, workload: WorkloadItem, container: Object, file: str
) -> tuple[Item, tuple[str | int, ...], str] | None:
    """The text of a file that a container gets from a ConfigMap."""
    for item, path, target, content in mounted_texts(snapshot, workload, container):
        if target == file:
            return item, path, content
    return None


def mounted_texts(
    snapshot: Snapshot, workload: WorkloadItem, container: Object
) -> Iterator[tuple[Item, tuple[str | int, ...], str, str]]:
    """(ConfigMap, path of the text in it, path in the container, text) of all that a container mounts."""
    volumes = {text(volume.get("name")): volume for volume in mappings(workload.pod_spec.get("volumes"))}
    for mount in mappings(container.get("volumeMounts")):
        source = mapping(volumes.get(text(mount.get("name")), {}), "configMap")
        item = snapshot.get("ConfigMap", text(source.get("name")), workload.namespace)
        if item is None:
            continue
        folder = text(mount.get("mountPath")).rstrip("/")
        renamed = {text(i.get("key")): text(i.get("path")) for i in mappings(source.get("items"))}
        for key, content in mapping(item.object, "data").items():
            if mount.get("subPath"):
                if renamed.get(key, key) != mount["subPath"]:
                    continue
                target = folder
            else:
                target = f"{folder}/{renamed.get(key, key)}"
            yield item, ("data", key), target, text(content)


def program_name(word: str) -> str:
    """``bash`` of ``/bin/bash``."""
    return word.rpartition("/")[2]
