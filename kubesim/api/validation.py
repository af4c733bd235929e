"""Semantic validation of objects with their defaults filled in: what a real server answers 422 to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubesim.fields.causes import Cause, forbidden_field, invalid_value, required
from kubesim.fields.finalizers import finalizers
from kubesim.fields.labels import annotation_keys, check_labels
from kubesim.kinds.kind import Kind
from kubesim.store import Object


def new_object(kind: Kind, obj: Object) -> list[Cause]:
    """What is wrong with an object that is to be created."""
    return [*_metadata(kind, obj), *kind.validate(obj)]


def changed_object(kind: Kind, old: Object, new: Object) -> list[Cause]:
    """What is wrong with a new state of an object, or with the step to it."""
    return [
        *_metadata(kind, new, named=False),
        *_added_finalizers(old, new),
        *_immutable(kind, old, new),
        *kind.validate_update(old, new),
        *kind.validate(new),
    ]


def _immutable(kind: Kind, old: Object, new: Object) -> Iterator[Cause]:
    for path in kind.immutable:
        before, after = _field(old, path), _field(new, path)
        if before != after:
            yield invalid_value(path, after, "field is immutable")


def _field(obj: Object, path: str) -> Any:
    found: Any = obj
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _added_finalizers(old: Object, new: Object) -> Iterator[Cause]:
    added = sorted({*new["metadata"].get("finalizers", ())} - {*old["metadata"].get("finalizers", ())})
    if added and old["metadata"].get("deletionTimestamp"):
        shown = ", ".join(f'"{finalizer}"' for finalizer in added)
        yield forbidden_field(
            "metadata.finalizers",
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{shown}}}",
        )


def _metadata(kind: Kind, obj: Object, *, named: bool = True) -> Iterator[Cause]:
    meta = obj["metadata"]
    name = meta.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif named:
        yield from (invalid_value("metadata.name", name, text) for text in kind.name(name))
    yield from check_labels(meta.get("labels", {}), "metadata.labels")
    yield from annotation_keys(meta.get("annotations", {}), "metadata.annotations")
    for i, owner in enumerate(meta.get("ownerReferences", ())):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield required(f"metadata.ownerReferences[{i}].{field}", "must not be empty")
    yield from finalizers(meta.get("finalizers", ()), "metadata.finalizers", free=not kind.checks_finalizers)
