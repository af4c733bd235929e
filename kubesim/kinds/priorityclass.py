"""PriorityClasses (pkg/registry/scheduling/priorityclass). Pods get their number; the scheduler preempts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields.causes import Cause, forbidden_field, not_supported
from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_POLICIES = ("PreemptLowerPriority", "Never")
_HIGHEST = 1_000_000_000
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def _defaults(obj: Object) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _validate(obj: Object) -> Iterator[Cause]:
    name = obj["metadata"].get("name", "")
    if name.startswith("system-"):
        if why := _not_of_the_system(name, obj):
            text = f"priority class names with 'system-' prefix are reserved for system use only. error: {why}"
            yield forbidden_field("metadata.name", text)
    elif obj.get("value", 0) > _HIGHEST:
        yield forbidden_field("value", f"maximum allowed value of a user defined priority is {_HIGHEST}")
    if obj["preemptionPolicy"] not in _POLICIES:
        yield not_supported("preemptionPolicy", obj["preemptionPolicy"], _POLICIES)


def _not_of_the_system(name: str, obj: Object) -> str:
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    if obj.get("value", 0) != _SYSTEM[name]:
        return f"value of {name} PriorityClass must be {_SYSTEM[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if obj.get("globalDefault") else ""


def _validate_update(old: Object, new: Object) -> Iterator[Cause]:
    if old.get("value", 0) != new.get("value", 0):
        yield forbidden_field("value", "may not be changed in an update.")


def _row(obj: Object, now: datetime) -> list[Any]:
    is_default = obj.get("globalDefault", False)
    return [obj["metadata"]["name"], obj.get("value", 0), is_default, age_of(obj, now), obj["preemptionPolicy"]]


KIND = Kind(
    resource=Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False, ("pc",)),
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
    immutable=("preemptionPolicy",),
    generation=lambda _: {},
    table=Table.of(
        "Name,Value,Global-Default,Age,PreemptionPolicy+", _row, {"Value": "integer", "Global-Default": "boolean"}
    ),
)
