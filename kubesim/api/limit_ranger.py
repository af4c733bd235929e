"""The LimitRanger admission plugin: what LimitRanges give to new pods, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.status import forbidden
from kubesim.fields import pod_defaults, quantity
from kubesim.kinds.kind import Resource
from kubesim.store import Object, Store

_ANNOTATION = "kubernetes.io/limit-ranger"


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
