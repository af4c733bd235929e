"""StorageClasses (pkg/registry/storage/storageclass).

Volumes are made for the class `standard` alone, whether or not there is an object of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.columns import age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_SUPPORTED = {"reclaimPolicy": ("Delete", "Retain"), "volumeBindingMode": ("Immediate", "WaitForFirstConsumer")}


def _defaults(obj: Object) -> None:
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def _validate(obj: Object) -> Iterator[Cause]:
    provisioner = obj.get("provisioner", "")
    if not provisioner:
        yield required("provisioner")
    else:
        complaints = names.qualified_name(provisioner.lower())
        yield from (invalid_value("provisioner", provisioner.lower(), text) for text in complaints)
    for field, allowed in _SUPPORTED.items():
        if obj[field] not in allowed:
            yield not_supported(field, obj[field], allowed)


def _row(obj: Object, now: datetime) -> list[Any]:
    meta = obj["metadata"]
    is_default = (meta.get("annotations") or {}).get(_DEFAULT) == "true"
    return [
        meta["name"] + (" (default)" if is_default else ""),
        obj["provisioner"],
        obj["reclaimPolicy"],
        obj["volumeBindingMode"],
        obj.get("allowVolumeExpansion", False),
        age_of(obj, now),
    ]


KIND = Kind(
    resource=Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, ("sc",)),
    defaults=_defaults,
    validate=_validate,
    immutable=("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
    returned_when_gone=True,
    table=Table.of("Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age", _row),
)
