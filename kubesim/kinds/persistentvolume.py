"""PersistentVolumes (pkg/registry/core/persistentvolume)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields.columns import ACCESS_MODES, UNSET, age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_COLUMNS = (
    "Name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age,VolumeMode+"
)


def _defaults(obj: Object) -> None:
    obj["spec"].setdefault("volumeMode", "Filesystem")
    obj["spec"].setdefault("persistentVolumeReclaimPolicy", "Retain")
    if "hostPath" in obj["spec"]:
        obj["spec"]["hostPath"].setdefault("type", "")


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    claim = spec.get("claimRef")
    return [
        obj["metadata"]["name"],
        spec.get("capacity", {}).get("storage", ""),
        ",".join(ACCESS_MODES.get(m, m) for m in spec.get("accessModes", ())),
        spec.get("persistentVolumeReclaimPolicy", ""),
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", ""),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName", UNSET),
        status.get("reason", ""),
        age_of(obj, now),
        spec.get("volumeMode", UNSET),
    ]


KIND = Kind(
    resource=Resource("", "v1", "persistentvolumes", "PersistentVolume", False, ("pv",), ("status",)),
    has_spec=True,
    defaults=_defaults,
    initial_status=lambda _: {"phase": "Pending"},
    returned_when_gone=True,
    table=Table.of(_COLUMNS, _row),
)
