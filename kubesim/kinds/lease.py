"""Leases (pkg/registry/coordination/lease)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields.causes import Cause, invalid_value
from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object


def _validate(obj: Object) -> Iterator[Cause]:
    duration_s = obj.get("spec", {}).get("leaseDurationSeconds", 1)
    if duration_s <= 0:
        yield invalid_value("spec.leaseDurationSeconds", duration_s, "must be greater than 0")


def _row(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("spec", {}).get("holderIdentity", ""), age_of(obj, now)]


KIND = Kind(
    resource=Resource("coordination.k8s.io", "v1", "leases", "Lease"),
    validate=_validate,
    create_on_update=True,
    unconditional_update=False,
    table=Table.of("Name,Holder,Age", _row),
)
