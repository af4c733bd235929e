"""Table responses: what `kubectl get` prints, as the kinds say it."""

from __future__ import annotations

from datetime import datetime

from kubesim.kinds.kind import Column, Kind, Resource
from kubesim.store import Object


def wanted(accept: str) -> bool:
    """Whether an Accept header asks for a Table first."""
    return "as=Table" in accept.partition(",")[0]


def table(kind: Kind, objects: list[Object], now: datetime, *, version: str = "", include: str = "") -> Object:
    """A Table of objects at a list's `version`.

    `include` is ``Object``, ``None`` or, by default, ``Metadata``: what each row says beside its cells.
    """
    printed = kind.table
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version} if version else {},
        "columnDefinitions": [_column(column) for column in printed.columns],
        "rows": [
            {"cells": printed.row(obj, now), "object": _row_object(kind.resource, obj, include)} for obj in objects
        ],
    }


def _column(column: Column) -> Object:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": "",
        "priority": int(column.wide),
    }


def _row_object(resource: Resource, obj: Object, include: str) -> Object | None:
    if include == "None":
        return None
    if include == "Object":
        return {"kind": resource.kind, "apiVersion": resource.api_version, **obj}
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
