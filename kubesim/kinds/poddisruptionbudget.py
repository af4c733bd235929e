"""PodDisruptionBudgets (pkg/registry/policy/poddisruptionbudget, pkg/apis/policy/validation)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names, workloads
from kubesim.fields.causes import Cause, invalid_value, not_supported
from kubesim.fields.columns import age_of
from kubesim.fields.selectors import label_selector
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_COLUMNS = "Name,Min Available,Max Unavailable,Allowed Disruptions,Age"
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        fields = {"MinAvailable": "minAvailable", "Selector": "selector", "MaxUnavailable": "maxUnavailable",
                  "UnhealthyPodEvictionPolicy": "unhealthyPodEvictionPolicy"}  # fmt: skip
        shown = {name: spec.get(field) for name, field in fields.items()}
        yield invalid_value("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        if field in spec:
            yield from workloads.amount(spec[field], f"spec.{field}")
            yield from workloads.not_more_than_all(spec[field], f"spec.{field}")
    yield from label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES)


def _status(obj: Object) -> Iterator[Cause]:
    for field in _COUNTS:
        count = obj.get("status", {}).get(field, 0)
        if count < 0:
            yield invalid_value(f"status.{field}", count, workloads.NOT_NEGATIVE)


def _row(obj: Object, now: datetime) -> list[Any]:
    limits = [str(obj["spec"].get(field, "N/A")) for field in ("minAvailable", "maxUnavailable")]
    return [obj["metadata"]["name"], *limits, obj.get("status", {}).get("disruptionsAllowed", 0), age_of(obj, now)]


KIND = Kind(
    resource=Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), ("status",)),
    name=names.path_segment,  # the real server holds its names and finalizers to no other rule
    checks_finalizers=False,
    has_spec=True,
    validate=_validate,
    initial_status=lambda _: {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
    validate_status=_status,
    generation=spec_of,
    unconditional_update=False,
    table=Table.of(_COLUMNS, _row, {"Allowed Disruptions": "integer"}),
)
