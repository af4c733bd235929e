"""ResourceQuotas (pkg/registry/core/resourcequota). What they refuse is the ResourceQuota admission plugin's.

Not modelled: scopes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import quantity
from kubesim.fields.causes import Cause, invalid_value
from kubesim.fields.columns import age_of
from kubesim.fields.compute import QUOTA_NAMES
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_COUNTED = ("pods", "services", "persistentvolumeclaims", "resourcequotas", "replicationcontrollers", "secrets",
            "configmaps", "services.nodeports", "services.loadbalancers")  # fmt: skip
_STANDARD = (*QUOTA_NAMES, *_COUNTED, "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
             "requests.storage")  # fmt: skip
# All but VolumeAttributesClass are about pods, so that they fit what pods use.
_SCOPES = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "PriorityClass",
           "CrossNamespacePodAffinity")  # fmt: skip
_CONFLICTING = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})


def _validate(obj: Object) -> Iterator[Cause]:
    for name, amount in obj["spec"].get("hard", {}).items():
        at = f"spec.hard[{name}]"
        if "/" not in name and name not in _STANDARD:
            yield invalid_value(at, name, "must be a standard resource type or fully qualified")
            yield invalid_value(at, name, "must be a standard resource for quota")
        if quantity.value(amount) < 0:
            yield invalid_value(at, amount, "must be greater than or equal to 0")
        elif name in _COUNTED and quantity.value(amount) % 1:
            yield invalid_value(at, amount, "must be an integer")
    yield from _scopes(obj["spec"])


def _scopes(spec: Object) -> Iterator[Cause]:
    scopes, hard = spec.get("scopes", []), spec.get("hard", {})
    for scope in scopes:
        if scope not in _SCOPES:
            yield invalid_value("spec.scopes", scopes, "unsupported scope")
            continue
        allowed = ("pods", *(() if scope == "BestEffort" else QUOTA_NAMES))
        if any(name in _STANDARD and name not in allowed for name in hard):
            yield invalid_value("spec.scopes", scopes, "unsupported scope applied to resource")
    for pair in _CONFLICTING:
        if pair <= {*scopes}:
            yield invalid_value("spec.scopes", scopes, "conflicting scopes")


def _row(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    hard = sorted(status.get("hard", {}).items())
    rows = {key: f"{key}: {status['used'].get(key, '0')}/{amount}" for key, amount in hard}
    limits = [row for key, row in rows.items() if key.startswith("limits.")]
    others = [row for key, row in rows.items() if not key.startswith("limits.")]
    return [obj["metadata"]["name"], ", ".join(others), ", ".join(limits), age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "resourcequotas", "ResourceQuota", True, ("quota",), ("status",)),
    has_spec=True,
    validate=_validate,
    initial_status=lambda _: {},
    returned_when_gone=True,
    usage=lambda _: {"resourcequotas": "1"},
    table=Table.of("Name,Request,Limit,Age", _row),
)
