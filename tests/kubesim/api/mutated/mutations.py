"""The mutations: what is done to which valid object, and with which request it goes to the server.

Everything is asked with `dryRun=All`, so an object that a server accepts leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.kubesim.api.mutated.manifests import KINDS, MADE, NAMESPACE, Object, collection, manifest
from tests.kubesim.api.mutated.tables import CREATES, DROP, EVERYWHERE, UPDATES, Changes

_JSON = "application/json"
_PATCHES: Final = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}
_DRY = "dryRun=All"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One request, and what it is called."""

    case: str
    kind: str
    method: str
    path: str
    body: Any
    media_type: str = _JSON


def setup() -> list[tuple[str, Object]]:
    """Paths and bodies of what must exist before, the namespace first."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    headless = changed(manifest("Service", "headless"), (("spec.clusterIP", "None"),))
    immutable = changed(manifest("ConfigMap", "immutable"), (("immutable", True),))
    external = changed(
        manifest("Service", "external"),
        (("spec", {"type": "ExternalName", "externalName": "example.com"}),),
    )
    return [
        ("/api/v1/namespaces", namespace),
        *((collection(kind), manifest(kind, "made")) for kind in MADE),
        (collection("Service"), headless),
        (collection("Service"), external),
        (collection("ConfigMap"), immutable),
    ]


def mutations() -> Iterator[Mutation]:
    """All of them, in a fixed order."""
    for kind in KINDS:
        yield from _creates(kind)
    for kind in MADE:
        yield from _updates(kind)
        yield from _deletions(kind)


def _creates(kind: str) -> Iterator[Mutation]:
    for label, changes in (*EVERYWHERE, *CREATES.get(kind, ())):
        if kind == "Namespace" and label.startswith("namespace of"):
            continue
        body = changed(manifest(kind, "new"), changes)
        yield Mutation(f"{kind}: {label}", kind, "POST", f"{collection(kind)}?{_DRY}", body)
    unknown = changed(manifest(kind, "new"), (("metadata.colour", "red"), ("shape", 1)))
    for mode in ("Strict", "Warn", "Ignore", "Loud"):
        path = f"{collection(kind)}?{_DRY}&fieldValidation={mode}"
        yield Mutation(f"{kind}: unknown fields, {mode}", kind, "POST", path, unknown)
    if kind in MADE:
        path = f"{collection(kind)}?{_DRY}"
        yield Mutation(f"{kind}: exists already", kind, "POST", path, manifest(kind, "made"))
        elsewhere = collection(kind).replace(NAMESPACE, "no-such-namespace")
        body = changed(manifest(kind, "new"), (("metadata.namespace", DROP),))
        yield Mutation(f"{kind}: into no namespace", kind, "POST", f"{elsewhere}?{_DRY}", body)
    yield Mutation(f"{kind}: dryRun=Some", kind, "POST", f"{collection(kind)}?dryRun=Some", manifest(kind, "new"))
    yield Mutation(f"{kind}: no JSON", kind, "POST", f"{collection(kind)}?{_DRY}", "{broken")
    yield Mutation(f"{kind}: as text", kind, "POST", f"{collection(kind)}?{_DRY}", manifest(kind, "new"), "text/plain")


def _updates(kind: str) -> Iterator[Mutation]:
    made = f"{collection(kind)}/made?{_DRY}"
    for label, changes in _EVERY_UPDATE:
        merged = changed({}, changes)
        yield Mutation(f"{kind}: patch of {label}", kind, "PATCH", made, merged, _PATCHES["merge"])
    for label, name, changes in UPDATES.get(kind, ()):
        path = f"{collection(kind)}/{name}?{_DRY}"
        operations = [_operation(at, value) for at, value in changes]
        yield Mutation(f"{kind}: change of {label}", kind, "PATCH", path, operations, _PATCHES["json"])
    body = changed(manifest(kind, "made"), (("metadata.resourceVersion", "1"),))
    yield Mutation(f"{kind}: put at an old version", kind, "PUT", made, body)
    yield Mutation(f"{kind}: put without a version", kind, "PUT", made, manifest(kind, "made"))
    yield Mutation(f"{kind}: put under another name", kind, "PUT", made, manifest(kind, "other"))
    missing = f"{collection(kind)}/missing?{_DRY}"
    yield Mutation(f"{kind}: put of what is not there", kind, "PUT", missing, manifest(kind, "missing"))
    yield Mutation(f"{kind}: patch of what is not there", kind, "PATCH", missing, {}, _PATCHES["merge"])
    test = [{"op": "test", "path": "/metadata/name", "value": "other"}]
    yield Mutation(f"{kind}: JSON patch whose test fails", kind, "PATCH", made, test, _PATCHES["json"])
    gone = [{"op": "remove", "path": "/spec/nothing/here"}]
    yield Mutation(f"{kind}: JSON patch that removes nothing", kind, "PATCH", made, gone, _PATCHES["json"])
    yield Mutation(f"{kind}: a list as merge patch", kind, "PATCH", made, [], _PATCHES["merge"])
    yield Mutation(f"{kind}: patch as plain JSON", kind, "PATCH", made, {})


# (what, changes as merge patch)
_EVERY_UPDATE: tuple[tuple[str, Changes], ...] = (
    ("nothing", ()),
    ("a label", (("metadata.labels", {"colour": "red"}),)),
    ("a bad label", (("metadata.labels", {"colour": "red and blue"}),)),
    ("a number as label", (("metadata.labels", {"colour": 7}),)),
    ("the name", (("metadata.name", "other"),)),
    ("the namespace", (("metadata.namespace", "other"),)),
    ("the uid", (("metadata.uid", "00000000-0000-4000-8000-000000000000"),)),
    ("an old version", (("metadata.resourceVersion", "1"),)),
    ("the kind", (("kind", "Secret"),)),
    ("a list as metadata", (("metadata", []),)),
    ("a bad finalizer", (("metadata.finalizers", ["mine"]),)),
)


def _deletions(kind: str) -> Iterator[Mutation]:
    path = f"{collection(kind)}/made?{_DRY}"
    preconditions = {"uid": "00000000-0000-4000-8000-000000000000"}
    for label, options in (
        ("with another uid", {"preconditions": preconditions}),
        ("at an old version", {"preconditions": {"resourceVersion": "1"}}),
        ("with an unknown propagation", {"propagationPolicy": "Sideways"}),
        ("with a negative grace period", {"gracePeriodSeconds": -1}),
        ("with a text as grace period", {"gracePeriodSeconds": "soon"}),
        ("with two propagations", {"propagationPolicy": "Orphan", "orphanDependents": True}),
        ("in order", {}),
    ):
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"], **options}
        yield Mutation(f"{kind}: delete {label}", kind, "DELETE", path, body)
    yield Mutation(f"{kind}: delete by the query alone", kind, "DELETE", path, None)
    yield Mutation(f"{kind}: delete what is not there", kind, "DELETE", f"{collection(kind)}/missing?{_DRY}", None)
    # Where there is a body, the query does not count: this one is no dry run. It comes last.
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "propagationPolicy": "Background"}
    yield Mutation(f"{kind}: delete for good, a dry run only in the query", kind, "DELETE", path, body)
    if kind != "PersistentVolumeClaim":  # the real server protects claims with a finalizer that it takes off later
        yield Mutation(f"{kind}: delete again", kind, "DELETE", path, body)


def changed(obj: Object, changes: Changes) -> Object:
    """A copy with values put at paths such as ``spec.ports.0.port``, or dropped from there."""
    out: Object = json.loads(json.dumps(obj))
    for path, value in changes:
        *parents, last = path.split(".")
        place: Any = out
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
        if isinstance(place, list):
            place[int(last) : int(last) + 1] = [] if value is DROP else [value]
        elif value is DROP:
            place.pop(last, None)
        else:
            place[last] = value
    return out


def _operation(path: str, value: Any) -> Object:
    """A JSON patch's operation that puts a value at a path, or drops what is there."""
    pointer = "/" + path.replace(".", "/")
    if value is DROP:
        return {"op": "remove", "path": pointer}
    return {"op": "replace" if path.rpartition(".")[2].isdigit() else "add", "path": pointer, "value": value}
