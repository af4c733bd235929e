"""Semantic validation of objects with their defaults filled in: what a real server answers 422 to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kubesim.api import (
    budget_validation,
    claim_validation,
    endpoints_validation,
    job_validation,
    label_validation,
    limit_range,
    names,
    networkpolicy_validation,
    pod_validation,
    quota,
    secret_validation,
    service_validation,
    service_warnings,
    workload_validation,
)
from kubesim.api.quantity import value as number_of
from kubesim.api.status import Cause, forbidden_field, invalid_value, required
from kubesim.store import Object

_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_CONFIG_MAP_BYTES = 1024 * 1024
# Kinds whose names and finalizers the real server holds to no rule but that of URLs.
_FREE = ("PodDisruptionBudget",)
_NAMES: dict[str, Callable[[str], list[str]]] = {
    "Namespace": names.name_without_dots,
    "Service": names.name_without_dots,
    "StatefulSet": names.name_without_dots,
}


def new_object(kind: str, obj: Object) -> list[Cause]:
    """What is wrong with an object that is to be created."""
    return [*_metadata(kind, obj), *_body(kind, obj)]


def changed_object(kind: str, old: Object, new: Object) -> list[Cause]:
    """What is wrong with a new state of an object, or with the step to it."""
    causes = [*_metadata(kind, new, named=False), *_added_finalizers(old, new)]
    if kind in _CHANGES:
        causes += _CHANGES[kind](old, new)
    return [*causes, *_body(kind, new)]


def requested_storage(claim: Object) -> float:
    """Bytes that a PersistentVolumeClaim asks for; 0 where it does not say."""
    return float(number_of(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "0")))


def changed_status(kind: str, new: Object) -> list[Cause]:
    """What is wrong with a new status."""
    if kind in ("StatefulSet", "Deployment", "ReplicaSet"):
        return list(workload_validation.status(new))
    return list(budget_validation.status(new)) if kind == "PodDisruptionBudget" else []


def warnings(kind: str, obj: Object) -> list[str]:
    """What the server says about an object that it accepts."""
    return list(service_warnings.warnings(obj)) if kind == "Service" else []


def _added_finalizers(old: Object, new: Object) -> Iterator[Cause]:
    added = sorted({*new["metadata"].get("finalizers", ())} - {*old["metadata"].get("finalizers", ())})
    if added and old["metadata"].get("deletionTimestamp"):
        shown = ", ".join(f'"{finalizer}"' for finalizer in added)
        yield forbidden_field(
            "metadata.finalizers",
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{shown}}}",
        )


def _body(kind: str, obj: Object) -> Iterator[Cause]:
    if kind in _BODIES:
        yield from _BODIES[kind](obj)


def _metadata(kind: str, obj: Object, *, named: bool = True) -> Iterator[Cause]:
    meta = obj["metadata"]
    name = meta.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif named:
        check = _NAMES.get(kind, names.path_segment if kind in _FREE else names.subdomain)
        yield from (invalid_value("metadata.name", name, text) for text in check(name))
    yield from label_validation.labels(meta.get("labels", {}), "metadata.labels")
    yield from label_validation.annotation_keys(meta.get("annotations", {}), "metadata.annotations")
    for i, owner in enumerate(meta.get("ownerReferences", ())):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield required(f"metadata.ownerReferences[{i}].{field}", "must not be empty")
    yield from _finalizers(meta.get("finalizers", ()), "metadata.finalizers", free=kind in _FREE)


def _finalizers(found: Iterable[str], path: str, *, indexed: bool = True, free: bool = False) -> Iterator[Cause]:
    for i, finalizer in enumerate(found):
        at = f"{path}[{i}]" if indexed else path
        if complaints := names.qualified_name(finalizer):
            yield from (invalid_value(at, finalizer, text) for text in complaints)
        elif not free and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            yield invalid_value(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified")


def _config_map(obj: Object) -> Iterator[Cause]:
    size_bytes = 0
    for field in ("data", "binaryData"):
        for key, value in obj.get(field, {}).items():
            yield from (invalid_value(f"{field}[{key}]", key, text) for text in names.config_key(key))
            size_bytes += len(value.encode()) if field == "data" else len(value) * 3 // 4
            if field == "data" and key in obj.get("binaryData", {}):
                yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
    if size_bytes > _CONFIG_MAP_BYTES:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {_CONFIG_MAP_BYTES} bytes", "[]")


def _config_map_changed(old: Object, new: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    text = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        yield forbidden_field("immutable", text)
    for field in ("data", "binaryData"):
        if old.get(field) != new.get(field):
            yield forbidden_field(field, text)


def _namespace(obj: Object) -> Iterator[Cause]:
    yield from _finalizers(obj.get("spec", {}).get("finalizers", ()), "spec.finalizers", indexed=False)


def _claim(obj: Object) -> Iterator[Cause]:
    yield from claim_validation.spec(obj["spec"], "spec")


def _claim_changed(old: Object, new: Object) -> Iterator[Cause]:
    def fixed(obj: Object) -> Object:
        # The volume's name is set once, by the binder.
        free = ("resources", "volumeAttributesClassName") if old["spec"].get("volumeName") else ("volumeName",)
        return {key: value for key, value in obj["spec"].items() if key not in free}

    if fixed(old) != fixed(new):
        text = (
            "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
            "bound claims"
        )
        yield Cause("FieldValueForbidden", text, "spec")
    elif requested_storage(new) < requested_storage(old):
        yield forbidden_field("spec.resources.requests.storage", "field can not be less than status.capacity")


def _endpoint_slice(obj: Object) -> Iterator[Cause]:
    kind = obj.get("addressType")
    if not kind:
        yield required("addressType")
    for i, endpoint in enumerate(obj.get("endpoints") or ()):
        at = f"endpoints[{i}]"
        if not endpoint.get("addresses"):
            yield required(f"{at}.addresses")
        for j, address in enumerate(endpoint.get("addresses", ())):
            if kind in ("IPv4", "IPv6"):
                yield from (invalid_value(f"{at}.addresses[{j}]", address, t) for t in names.ip_address(address))
        if endpoint.get("hostname"):
            yield from (
                invalid_value(f"{at}.hostname", endpoint["hostname"], t) for t in names.label(endpoint["hostname"])
            )


def _lease(obj: Object) -> Iterator[Cause]:
    duration_s = obj.get("spec", {}).get("leaseDurationSeconds", 1)
    if duration_s <= 0:
        yield invalid_value("spec.leaseDurationSeconds", duration_s, "must be greater than 0")


def _pod(obj: Object) -> Iterator[Cause]:
    yield from pod_validation.spec(obj["spec"], "spec")


_BODIES: dict[str, Callable[[Object], Iterator[Cause]]] = {
    "Pod": _pod,
    "Job": job_validation.job,
    "LimitRange": limit_range.validate,
    "ResourceQuota": quota.validate,
    "NetworkPolicy": networkpolicy_validation.network_policy,
    "PodDisruptionBudget": budget_validation.budget,
    "Service": service_validation.service,
    "StatefulSet": workload_validation.stateful_set,
    "Deployment": workload_validation.deployment,
    "ReplicaSet": workload_validation.replica_set,
    "ConfigMap": _config_map,
    "Secret": secret_validation.secret,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "EndpointSlice": _endpoint_slice,
    "Endpoints": endpoints_validation.endpoints,
    "Lease": _lease,
}
_CHANGES: dict[str, Callable[[Object, Object], Iterator[Cause]]] = {
    "Pod": pod_validation.changed,
    "Service": service_validation.service_changed,
    "Job": job_validation.job_changed,
    "StatefulSet": workload_validation.stateful_set_changed,
    "Deployment": workload_validation.selector_unchanged,
    "ReplicaSet": workload_validation.selector_unchanged,
    "PersistentVolumeClaim": _claim_changed,
    "ConfigMap": _config_map_changed,
    "Secret": secret_validation.changed,
}
