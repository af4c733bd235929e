"""Would the API server take the manifest?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.diagnose.api_versions import Unserved, unserved
from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Severity
from chaos.diagnose.refusal_advice import advice, field_of
from chaos.diagnose.snapshot import Item, Snapshot, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, mappings, shown, text
from chaos.model.object import Object
from kubesim import Refusal, Validator

_KEY = "manifest-refused"
_OF_THE_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    server = Validator()
    strange = set()
    for item in sorted(snapshot.items, key=lambda item: item.kind != "CustomResourceDefinition"):
        version = text(item.object.get("apiVersion"))
        gone = unserved(version, item.kind)
        if gone is not None:
            yield _no_such_version(item, version, gone)
            continue
        if not server.knows(item.object):
            strange.add(f"{item.kind} ({item.object.get('apiVersion')})")
            continue
        refusal = server.create(_as_written(item.object), item.namespace)
        if refusal is not None:
            yield _finding(snapshot, item, refusal)
    if strange:
        yield NotChecked(
            _KEY, f"types of kinds that the sandbox's API server does not have: {', '.join(sorted(strange))}"
        )


def _as_written(obj: Object) -> Object:
    """Without what only the server writes: the output of ``kubectl get -o yaml`` is as good as what it was made of."""
    meta = obj.get("metadata")
    if not isinstance(meta, dict):
        return obj
    kept = {key: value for key, value in meta.items() if key not in _OF_THE_SERVER}
    return {**obj, "metadata": kept}


def _finding(snapshot: Snapshot, item: Item, refusal: Refusal) -> Diagnostic:
    path, value = _untyped(snapshot, item)
    evidence = [f"the API server answers {refusal.status} {refusal.reason}: {refusal.message}"]
    fix = advice(item, refusal.message) or "correct the field that it names"
    if path:
        shown = "a boolean" if isinstance(value, bool) else "a number"
        dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        evidence.append(f"{dotted} is {shown} in YAML: {value!r}")
        fix = "put it in quotes (YAML reads y, n, yes, no, on, off, true and false as booleans, digits as numbers)"
    elif refusal.reason == "AlreadyExists":
        fix = "the files name it twice: give one another name, or remove it"
    concerns: tuple[str, ...] = snapshot.sets_behind(item) if item.kind == "Service" else ()
    concerns = (item.name,) if item.kind == "StatefulSet" else concerns
    what = f"the API server refuses it ({refusal.status} {refusal.reason}): it is not created at all"
    at = item.reference(*(path or field_of(refusal.message)))
    return Diagnostic(_KEY, Severity.ERROR, at, what, tuple(evidence), fix, concerns)


def _no_such_version(item: Item, version: str, gone: Unserved) -> Diagnostic:
    since = f" (removed in {gone.since})" if gone.since else ""
    fix = f"write apiVersion: {gone.instead}" if gone.instead else "remove it"
    missing = not mapping(item.spec, "selector")
    labels = labels_of(mapping(item.spec, "template", "metadata").get("labels"))
    if gone.instead == "apps/v1" and missing and labels:
        fix += f", and set spec.selector.matchLabels to {shown(labels)}, which is needed there"
    elif gone.besides and (gone.instead != "apps/v1" or missing):
        fix += f"; {gone.besides}"
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        item.reference("apiVersion"),
        f"a current API server has no kind {item.kind} in {version}{since}: it is not created at all",
        (f"apiVersion: {version}",),
        fix,
        (item.name,) if item.kind == "StatefulSet" else (),
    )


def _untyped(snapshot: Snapshot, item: Item) -> tuple[tuple[str | int, ...], object]:
    """The first value in a list of words, or of an environment variable, that is no text."""
    for workload in snapshot.workloads:
        if workload.object is item.object:
            return _untyped_in(workload)
    for key, value in mapping(item.object, "data").items():
        if isinstance(value, bool | int | float):
            return ("data", key), value
    return (), None


def _untyped_in(workload: WorkloadItem) -> tuple[tuple[str | int, ...], object]:
    for path, container in workload.containers:
        for field in ("command", "args"):
            rows = container.get(field)
            for i, value in enumerate(rows if isinstance(rows, list) else ()):
                if isinstance(value, bool | int | float):
                    return (*path, field, i), value
        for i, row in enumerate(mappings(container.get("env"))):
            if isinstance(row.get("value"), bool | int | float):
                return (*path, "env", i, "value"), row["value"]
    return (), None


CHECK = Check(
    _KEY,
    "a manifest that the API server refuses: wrong types (`- yes` in `command`), unknown fields, bad values, API "
    "versions that were removed, the same object twice",
    "it is judged by the sandbox's API server, which gives the status and the reason of a real one",
    (Severity.ERROR,),
    _look,
    needs=Needs.FILES,
)
