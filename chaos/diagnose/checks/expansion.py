"""Does somebody expand each `$(…)`?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.scripts import Script, scripts_of
from chaos.diagnose.snapshot import Snapshot, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, mappings, text, texts
from chaos.model.object import Object

_KEY = "unexpanded"
_REFERENCE = re.compile(r"(\$?)\$\(([^()]+)\)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# What such variables are declared with.
_DOWNWARD = {
    "HOSTNAME": "metadata.name",
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "NAMESPACE": "metadata.namespace",
    "POD_IP": "status.podIP",
    "NODE_NAME": "spec.nodeName",
}
# What the kubelet adds for each Service: https://kubernetes.io/docs/concepts/services-networking/service/
_OF_SERVICES = re.compile(r"[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\w+)?)")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    for workload in snapshot.workloads:
        for script in scripts_of(snapshot, workload):
            yield from _of_program(snapshot, script)
        for path, container in workload.every_container:
            known: set[str] = set()
            everything, _ = _declared(snapshot, workload, container)
            for i, row in enumerate(mappings(container.get("env"))):
                name, value = text(row.get("name")), text(row.get("value"))
                at = workload.reference(*path, "env", i, "value")
                for reference in _references(value):
                    if reference not in known and not _from_elsewhere(snapshot, workload, container, reference):
                        order = " yet: it is declared after this one" if reference in everything else ""
                        yield _finding(workload, at, f"env {name}: {value}", reference, order)
                known.add(name)


def _of_program(snapshot: Snapshot, script: Script) -> Iterator[Diagnostic | NotChecked]:
    if script.when not in ("main", "init") or script.nested:
        return  # Kubernetes expands no $(…) in hooks and probes: there it is a shell's, or meant literally
    known, complete = _declared(snapshot, script.workload, script.container)
    for path, container in script.workload.every_container:
        if container is not script.container:
            continue
        for field in ("command", "args"):
            for i, word in enumerate(texts(container.get(field))):
                in_shell = script.shell != "" and word == script.body
                for reference in _references(word):
                    declared = reference in known or not complete or _OF_SERVICES.fullmatch(reference)
                    if declared and _VARIABLE.fullmatch(reference):
                        continue
                    if in_shell and not reference.isupper():
                        continue  # the shell runs it as a command, as it is meant
                    if script.depends_on_image and not reference.isupper():
                        yield _unseen(script, reference)
                        continue
                    at = script.workload.reference(*path, field, i)
                    yield _finding(script.workload, at, word if not in_shell else f"$({reference})", reference, "")


def _unseen(script: Script, reference: str) -> NotChecked:
    return NotChecked(
        _KEY,
        f"{script.at.describe()}: whether $({reference}) is expanded depends on the image {script.image}: "
        "it has args and no command, and the image's entrypoint may give them to a shell",
    )


def _references(value: str) -> Iterator[str]:
    """What stands in ``$(…)``; ``$$(…)`` is meant literally."""
    return (match[2] for match in _REFERENCE.finditer(value) if not match[1])


def _declared(snapshot: Snapshot, workload: WorkloadItem, container: Object) -> tuple[set[str], bool]:
    """Names of a container's variables, and whether all are known."""
    names = {text(row.get("name")) for row in mappings(container.get("env"))}
    complete = True
    for source in mappings(container.get("envFrom")):
        config = snapshot.get("ConfigMap", text(mapping(source, "configMapRef").get("name")), workload.namespace)
        if config is None:
            complete = False
        else:
            names |= {text(source.get("prefix")) + key for key in labels_of(config.object.get("data"))}
    return names, complete


def _from_elsewhere(snapshot: Snapshot, workload: WorkloadItem, container: Object, reference: str) -> bool:
    """Whether a variable may come from envFrom or from the services."""
    own = {text(row.get("name")) for row in mappings(container.get("env"))}
    known, complete = _declared(snapshot, workload, container)
    return not complete or reference in known - own or _OF_SERVICES.fullmatch(reference) is not None


def _finding(workload: WorkloadItem, at: Reference, written: str, reference: str, order: str) -> Diagnostic:
    if not _VARIABLE.fullmatch(reference) or reference.islower():
        what = (
            f"nobody expands $({reference}): Kubernetes expands $(VAR) of declared variables only, and no shell "
            "reads this"
        )
        fix = f"declare the variable and name it, or run it through a shell: sh -c 'exec … \"$({reference})\"'"
        if reference.startswith("hostname"):
            fix = (
                "env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}], and $(POD_NAME) "
                f"instead of $({reference})"
            )
    else:
        what = f"nobody expands $({reference}): env declares no {reference}{order}"
        fix = f"declare {reference} in env" + (" before the one that uses it" if order else "")
        if not order and (field := _DOWNWARD.get(reference.removeprefix("MY_"))):
            fix = (
                f"declare it in env, before what uses it: {{name: {reference}, valueFrom: {{fieldRef: "
                f"{{fieldPath: {field}}}}}}}"
            )
    concerns = (workload.name,) if workload.kind == "StatefulSet" else ()
    return Diagnostic(_KEY, Severity.ERROR, at, what, (written,), fix, concerns)


CHECK = Check(
    _KEY,
    "`$(…)` in `command`, `args` or `env` that nobody expands: a command outside of a shell (`$(hostname)`), or "
    "a variable "
    "that `env` does not declare, or declares later",
    "the program gets the text itself; a member that announces `$(hostname).…` is found by nobody",
    (Severity.ERROR,),
    _look,
    kinds=("StatefulSet",),
)
