"""What a PodDisruptionBudget must not say (pkg/apis/policy/validation)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api import names
from kubesim.api.selector_validation import label_selector
from kubesim.api.status import Cause, invalid_value, not_supported
from kubesim.store import Object

_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_WHOLE = 100
_NOT_NEGATIVE = "must be greater than or equal to 0"
_COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def budget(obj: Object) -> Iterator[Cause]:
    """Everything wrong with a budget."""
    spec = obj["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        fields = {"MinAvailable": "minAvailable", "Selector": "selector", "MaxUnavailable": "maxUnavailable",
                  "UnhealthyPodEvictionPolicy": "unhealthyPodEvictionPolicy"}  # fmt: skip
        shown = {name: spec.get(field) for name, field in fields.items()}
        yield invalid_value("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for field in ("minAvailable", "maxUnavailable"):
        if field in spec:
            yield from _amount(spec[field], f"spec.{field}")
    yield from label_selector(spec.get("selector"), "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("spec.unhealthyPodEvictionPolicy", policy, _POLICIES)


def status(obj: Object) -> Iterator[Cause]:
    """Everything wrong with a budget's status."""
    for field in _COUNTS:
        count = obj.get("status", {}).get(field, 0)
        if count < 0:
            yield invalid_value(f"status.{field}", count, _NOT_NEGATIVE)


def _amount(value: int | str, at: str) -> Iterator[Cause]:
    """A number, or a percentage."""
    if isinstance(value, int):
        if value < 0:
            yield invalid_value(at, value, _NOT_NEGATIVE)
    elif complaints := names.percentage(value):
        yield from (invalid_value(at, value, text) for text in complaints)
    elif int(value[:-1]) > _WHOLE:
        yield invalid_value(at, value, "must not be greater than 100%")
