"""PersistentVolumeClaims (pkg/registry/core/persistentvolumeclaim)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import claim_spec
from kubesim.fields.causes import Cause, forbidden_field
from kubesim.fields.columns import ACCESS_MODES, UNSET, age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_CLASS_SUFFIX = ".storageclass.storage.k8s.io"


def _defaults(obj: Object) -> None:
    obj["spec"].setdefault("volumeMode", "Filesystem")


def _validate(obj: Object) -> Iterator[Cause]:
    yield from claim_spec.spec(obj["spec"], "spec")


def _validate_update(old: Object, new: Object) -> Iterator[Cause]:
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
    elif claim_spec.requested_storage(new) < claim_spec.requested_storage(old):
        yield forbidden_field("spec.resources.requests.storage", "field can not be less than status.capacity")


def _usage(obj: Object) -> dict[str, str]:
    spec = obj["spec"]
    storage = spec.get("resources", {}).get("requests", {}).get("storage", "0")
    used = {"persistentvolumeclaims": "1", "requests.storage": storage}
    if spec.get("storageClassName"):
        prefix = f"{spec['storageClassName']}{_CLASS_SUFFIX}/"
        used |= {f"{prefix}requests.storage": storage, f"{prefix}persistentvolumeclaims": "1"}
    return used


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    return [
        obj["metadata"]["name"],
        phase,
        spec.get("volumeName", ""),
        status.get("capacity", {}).get("storage", "") if bound else "",
        ",".join(ACCESS_MODES.get(m, m) for m in status.get("accessModes", ())) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", UNSET),
        age_of(obj, now),
        spec.get("volumeMode", UNSET),
    ]


KIND = Kind(
    resource=Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), ("status",)),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    validate_update=_validate_update,
    initial_status=lambda _: {"phase": "Pending"},
    returned_when_gone=True,
    usage=_usage,
    table=Table.of("Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,VolumeMode+", _row),
)
