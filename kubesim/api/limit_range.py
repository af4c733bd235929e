"""LimitRanges: their own defaults and validation, and the LimitRanger admission plugin."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api import names, pod_defaults, quantity
from kubesim.api.status import Cause, duplicate, forbidden, forbidden_field, invalid_value, required
from kubesim.resources import Resource
from kubesim.store import Object, Store

_ANNOTATION = "kubernetes.io/limit-ranger"


def defaults(obj: Object) -> None:
    """Fill in what a LimitRange leaves out, in place."""
    for item in obj["spec"].get("limits", ()):
        if item.get("type") == "Container":
            limit, request = item.setdefault("default", {}), item.setdefault("defaultRequest", {})
            for target, source in ((limit, item.get("max", {})), (request, limit), (request, item.get("min", {}))):
                for name, amount in source.items():
                    target.setdefault(name, amount)
            for field in ("default", "defaultRequest"):
                if not item[field]:
                    del item[field]


def validate(obj: Object) -> Iterator[Cause]:
    """What a LimitRange must not say."""
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


def apply(store: Store, pod: Object) -> None:
    """Give a new pod's containers the defaults of its namespace's LimitRanges, in place."""
    for one in store.list("LimitRange", pod["metadata"]["namespace"]):
        items = [item for item in one["spec"].get("limits", ()) if item["type"] == "Container"]
        said: list[str] = []
        for field, word in (("containers", "container"), ("initContainers", "init container")):
            for container in pod["spec"].get(field, ()):
                said += _fill(container, items, word)
        if said:
            text = f"LimitRanger plugin set: {'; '.join(said)}"
            pod["metadata"].setdefault("annotations", {})[_ANNOTATION] = text
    pod["status"]["qosClass"] = pod_defaults.quality_of_service(pod["spec"])


def _fill(container: Object, items: list[Object], word: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    filled: dict[str, list[str]] = {"requests": [], "limits": []}
    for kind, field in (("limits", "default"), ("requests", "defaultRequest")):
        for item in items:
            for name, amount in item.get(field, {}).items():
                if name not in resources.setdefault(kind, {}):
                    resources[kind][name] = amount
                    filled[kind].append(name)
        if not resources.get(kind, True):
            del resources[kind]
    for kind, found in filled.items():
        if found:
            yield f"{', '.join(sorted(found))} {kind[:-1]} for {word} {container.get('name', '')}"


def check(store: Store, resource: Resource, obj: Object) -> None:
    """Refuse a new pod or claim that the LimitRanges of its namespace do not allow.

    Raises:
        StoreError: 403.
    """
    meta = obj["metadata"]
    for one in store.list("LimitRange", meta["namespace"]):
        errors = [text for item in one["spec"].get("limits", ()) for text in _complaints(item, resource.kind, obj)]
        if errors:
            why = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
            raise forbidden(resource, meta.get("name", ""), why)


def _complaints(item: Object, kind: str, obj: Object) -> Iterator[str]:
    spec = obj["spec"]
    if item["type"] == "Container" and kind == "Pod":
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            yield from _bounds(item, container.get("resources", {}))
    elif item["type"] == "Pod" and kind == "Pod":
        yield from _bounds(item, pod_defaults.pod_resources(spec))
    elif item["type"] == kind == "PersistentVolumeClaim":
        asked = spec.get("resources", {}).get("requests", {}).get("storage", "0")
        for bound, limit, outside in (("minimum", item.get("min", {}).get("storage"), -1),
                                      ("maximum", item.get("max", {}).get("storage"), 1)):  # fmt: skip
            if limit is not None and (quantity.value(asked) - quantity.value(limit)) * outside > 0:
                yield f"{bound} storage usage per PersistentVolumeClaim is {limit}, but request is {asked}"


def _bounds(item: Object, resources: Object) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name, bound in sorted(item.get("min", {}).items()):
        start = f"minimum {name} usage per {item['type']} is {bound}"
        if name not in requests:
            yield f"{start}.  No request is specified"
        else:
            yield from _beyond(start, bound, -1, (("request", requests), ("limit", limits)), name)
    for name, bound in sorted(item.get("max", {}).items()):
        start = f"maximum {name} usage per {item['type']} is {bound}"
        if name not in limits:
            yield f"{start}.  No limit is specified"
        else:
            yield from _beyond(start, bound, 1, (("limit", limits), ("request", requests)), name)
    for name, bound in sorted(item.get("maxLimitRequestRatio", {}).items()):
        start = f"{name} max limit to request ratio per {item['type']} is {bound}"
        yield from _ratio(start, bound, requests.get(name, "0"), limits.get(name, "0"))


def _beyond(start: str, bound: str, side: int, rows: tuple[tuple[str, Object], ...], name: str) -> Iterator[str]:
    """The first of the amounts that is on the wrong side of a bound."""
    for word, amounts in rows:
        if name in amounts and (quantity.value(amounts[name]) - quantity.value(bound)) * side > 0:
            yield f"{start}, but {word} is {amounts[name]}"
            return


def _ratio(start: str, bound: str, request: str, limit: str) -> Iterator[str]:
    for word, amount in (("request", request), ("limit", limit)):
        if not quantity.value(amount):
            yield f"{start}, but no {word} is specified or {word} is 0"
            return
    ratio = quantity.value(limit) / quantity.value(request)
    if ratio > quantity.value(bound):
        yield f"{start}, but provided ratio is {float(ratio):f}"
