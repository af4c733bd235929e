"""Secrets (pkg/registry/core/secret, ValidateSecret of pkg/apis/core/validation)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, required
from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_MOST_BYTES = 1024 * 1024
# The keys that a type must have; of `basic-auth` one is enough.
_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_BASIC, _BASIC_KEYS = "kubernetes.io/basic-auth", ("username", "password")
_TOKEN, _ACCOUNT = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"  # names
_FIXED = "field is immutable when `immutable` is set"


def _defaults(obj: Object) -> None:
    obj.setdefault("type", "Opaque")
    # It is only a way to write `data`, and wins over it.
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def _validate(obj: Object) -> Iterator[Cause]:
    data, kind = obj.get("data") or {}, obj["type"]
    for key in data:
        yield from (invalid_value(f"data[{key}]", key, text) for text in names.config_key(key))
    if sum(len(base64.b64decode(value)) for value in data.values()) > _MOST_BYTES:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {_MOST_BYTES} bytes", "data")
    if kind == _TOKEN and not (obj["metadata"].get("annotations") or {}).get(_ACCOUNT):
        yield required(f"metadata.annotations[{_ACCOUNT}]")
    if kind == _BASIC and not any(key in data for key in _BASIC_KEYS):
        yield from (required(f"data[{key}]") for key in _BASIC_KEYS)
    yield from (required(f"data[{key}]") for key in _KEYS.get(kind, ()) if key not in data)


def _validate_update(old: Object, new: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden_field("immutable", _FIXED)
    if old.get("data") != new.get("data"):
        yield forbidden_field("data", _FIXED)


def _row(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or {}), age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "secrets", "Secret"),
    defaults=_defaults,
    validate=_validate,
    immutable=("type",),
    validate_update=_validate_update,
    table=Table.of("Name,Type,Data,Age", _row),
)
