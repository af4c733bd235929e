"""Namespaces (pkg/registry/core/namespace). Their own finalizers, in the spec, hold them while they are emptied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause
from kubesim.fields.columns import age_of
from kubesim.fields.finalizers import finalizers
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object, clone


def _defaults(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])


def _prepare_update(old: Object, new: Object) -> None:
    new["spec"] = clone(old["spec"])  # finalizers go through /finalize


def _validate(obj: Object) -> Iterator[Cause]:
    yield from finalizers(obj.get("spec", {}).get("finalizers", ()), "spec.finalizers", indexed=False)


def _mark_terminating(obj: Object) -> None:
    obj.setdefault("status", {})["phase"] = "Terminating"


def _row(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("status", {}).get("phase", ""), age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "namespaces", "Namespace", False, ("ns",), ("status", "finalize")),
    name=names.name_without_dots,
    defaults=_defaults,
    prepare_update=_prepare_update,
    validate=_validate,
    initial_status=lambda _: {"phase": "Active"},
    deletes_collections=False,
    returned_when_gone=True,
    undeletable=("default", "kube-system", "kube-public"),  # the NamespaceLifecycle admission plugin's
    is_held=lambda obj: bool(obj.get("spec", {}).get("finalizers")),
    mark_terminating=_mark_terminating,
    selectable=("metadata.name", "status.phase"),
    table=Table.of("Name,Status,Age", _row),
)
