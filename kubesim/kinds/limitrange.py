"""LimitRanges (pkg/registry/core/limitrange). What they do to pods and claims is the LimitRanger admission plugin's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kubesim.fields import names, quantity
from kubesim.fields.causes import Cause, duplicate, forbidden_field, invalid_value, required
from kubesim.kinds.kind import Kind, Resource
from kubesim.objects import Object


def _defaults(obj: Object) -> None:
    for item in obj["spec"].get("limits", ()):
        if item.get("type") == "Container":
            limit, request = item.setdefault("default", {}), item.setdefault("defaultRequest", {})
            for target, source in ((limit, item.get("max", {})), (request, limit), (request, item.get("min", {}))):
                for name, amount in source.items():
                    target.setdefault(name, amount)
            for field in ("default", "defaultRequest"):
                if not item[field]:
                    del item[field]


def _validate(obj: Object) -> Iterator[Cause]:
    seen: set[str] = set()
    for i, item in enumerate(obj["spec"].get("limits", ())):
        at, kind = f"spec.limits[{i}]", item.get("type", "")
        yield from (invalid_value(f"{at}.type", kind, text) for text in names.qualified_name(kind))
        if kind in seen:
            yield duplicate(f"{at}.type", kind)
        seen.add(kind)
        if kind == "Pod":
            for field in ("default", "defaultRequest"):
                if item.get(field):
                    yield forbidden_field(f"{at}.{field}", "may not be specified when `type` is 'Pod'")
        if kind == "PersistentVolumeClaim" and not any("storage" in item.get(f, {}) for f in ("min", "max")):
            text = "either minimum or maximum storage value is required, but neither was provided"
            yield required(f"{at}.limits", text)
        yield from _names_and_ratios(item, at)
        for name in sorted({*item.get("min", ()), *item.get("max", ()), *item.get("default", ())}):
            yield from _ordered(item, name, at)


def _names_and_ratios(item: Object, at: str) -> Iterator[Cause]:
    for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        for name in item.get(field, {}):
            if "/" not in name and not _is_known(name):
                yield invalid_value(
                    f"{at}.{field}[{name}]", name, "must be a standard resource type or fully qualified"
                )
    for name, ratio in item.get("maxLimitRequestRatio", {}).items():
        if quantity.value(ratio) < 1:
            yield invalid_value(f"{at}.maxLimitRequestRatio[{name}]", ratio, f"ratio {ratio} is less than 1")


def _is_known(name: str) -> bool:
    return name in ("cpu", "memory", "storage", "ephemeral-storage") or name.startswith("hugepages-")


def _ordered(item: Object, name: str, at: str) -> Iterator[Cause]:
    """Min ≤ defaultRequest ≤ default ≤ max of one resource."""
    rows = (
        ("min", "max", "min", "min", "min value {} is greater than max value {}"),
        ("min", "defaultRequest", "defaultRequest", "defaultRequest",
         "min value {} is greater than default request value {}"),
        ("defaultRequest", "max", "defaultRequest", "defaultRequest",
         "default request value {} is greater than max value {}"),
        ("defaultRequest", "default", "defaultRequest", "defaultRequest",
         "default request value {} is greater than default limit value {}"),
        ("min", "default", "default", "min", "min value {} is greater than default value {}"),
        ("default", "max", "default", "max", "default value {} is greater than max value {}"),
    )  # fmt: skip
    for low, high, field, shown, text in rows:
        less, more = item.get(low, {}).get(name), item.get(high, {}).get(name)
        if less is not None and more is not None and quantity.value(less) > quantity.value(more):
            yield invalid_value(f"{at}.{field}[{name}]", item[shown][name], text.format(less, more))


def _name(obj: Object, new_uid: Callable[[], str]) -> None:
    if not obj["metadata"].get("name"):
        obj["metadata"]["name"] = new_uid()  # as the real server calls one without a name


KIND = Kind(
    resource=Resource("", "v1", "limitranges", "LimitRange", True, ("limits",)),
    has_spec=True,
    defaults=_defaults,
    prepare=_name,
    validate=_validate,
    create_on_update=True,
)
