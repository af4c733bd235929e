"""ConfigMaps (pkg/registry/core/configmap)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value
from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_MOST_BYTES = 1024 * 1024


def _validate(obj: Object) -> Iterator[Cause]:
    size_bytes = 0
    for field in ("data", "binaryData"):
        for key, value in obj.get(field, {}).items():
            yield from (invalid_value(f"{field}[{key}]", key, text) for text in names.config_key(key))
            size_bytes += len(value.encode()) if field == "data" else len(value) * 3 // 4
            if field == "data" and key in obj.get("binaryData", {}):
                yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    if size_bytes > _MOST_BYTES:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {_MOST_BYTES} bytes", "[]")


def _validate_update(old: Object, new: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    text = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        yield forbidden_field("immutable", text)
    for field in ("data", "binaryData"):
        if old.get(field) != new.get(field):
            yield forbidden_field(field, text)


def _row(obj: Object, now: datetime) -> list[Any]:
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [obj["metadata"]["name"], count, age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "configmaps", "ConfigMap", True, ("cm",)),
    validate=_validate,
    validate_update=_validate_update,
    usage=lambda _: {"configmaps": "1"},
    table=Table.of("Name,Data,Age", _row),
)
