"""What containers must not ask for (pkg/apis/core/validation: ValidateContainerResourceRequirements)."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, required
from kubesim.fields.quantity import value as number_of
from kubesim.objects import Object

# What containers ask for, as quotas name it.
QUOTA_NAMES = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
_STANDARD = ("cpu", "memory", "ephemeral-storage")


def resources(found: Object, at: str) -> Iterator[Cause]:
    """Limits, then requests."""
    limits, requests = found.get("limits", {}), found.get("requests", {})
    for name, amount in limits.items():
        yield from _amount(name, amount, f"{at}.limits[{name}]")
    for name, amount in requests.items():
        yield from _amount(name, amount, f"{at}.requests[{name}]")
        limit = limits.get(name)
        if limit is None and _is_scarce(name):
            yield required(f"{at}.limits", "Limit must be set for non overcommitable resources")
        elif limit is not None and _is_scarce(name) and number_of(amount) != number_of(limit):
            yield invalid_value(f"{at}.requests", amount, f"must be equal to {name} limit of {limit}")
        elif limit is not None and number_of(amount) > number_of(limit):
            yield invalid_value(f"{at}.requests", amount, f"must be less than or equal to {name} limit of {limit}")


def _amount(name: str, amount: str, at: str) -> Iterator[Cause]:
    yield from (invalid_value(at, name, text) for text in names.qualified_name(name))
    if "/" not in name and not _is_standard(name):
        yield invalid_value(at, name, "must be a standard resource type or fully qualified")
        yield invalid_value(at, name, "must be a standard resource for containers")
    number = number_of(amount)
    if number < 0:
        yield invalid_value(at, amount, "must be greater than or equal to 0")
    if "/" in name and number != number.to_integral_value():
        yield invalid_value(at, amount, "must be an integer")


def _is_standard(name: str) -> bool:
    return name in _STANDARD or name.startswith("hugepages-")


def _is_scarce(name: str) -> bool:
    """Whether it cannot be promised more often than it exists: what a vendor's device plugin offers, and huge pages."""
    return "/" in name or name.startswith("hugepages-")
