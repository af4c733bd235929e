"""Nodes (pkg/registry/core/node). They register themselves, with their status."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields.columns import NONE, age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_ROLE = "node-role.kubernetes.io/"
_COLUMNS = "Name,Status,Roles,Age,Version,Internal-IP+,External-IP+,OS-Image+,Kernel-Version+,Container-Runtime+"


def _kernel(info: Object) -> str:
    kernel, architecture = info.get("kernelVersion") or "<unknown>", info.get("architecture", "")
    return f"{kernel} ({architecture})" if architecture else kernel


def _row(obj: Object, now: datetime) -> list[Any]:
    meta, status = obj["metadata"], obj.get("status", {})
    ready = {c["type"]: c["status"] for c in status.get("conditions", ())}.get("Ready", "Unknown")
    shown = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown" if not status.get("conditions") else "NotReady")
    if obj.get("spec", {}).get("unschedulable"):
        shown += ",SchedulingDisabled"
    roles = sorted(key.removeprefix(_ROLE) for key in meta.get("labels") or {} if key.startswith(_ROLE))
    addresses = {a["type"]: a["address"] for a in status.get("addresses", ())}
    info = status.get("nodeInfo", {})
    info = {**info, "kernelVersion": _kernel(info)}
    facts = [info.get(key) or "<unknown>" for key in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    return [
        meta["name"],
        shown,
        ",".join(roles) or NONE,
        age_of(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        *facts,
    ]


KIND = Kind(
    resource=Resource("", "v1", "nodes", "Node", False, ("no",), ("status",)),
    status_at_create=True,
    selectable=("metadata.name", "spec.unschedulable"),
    table=Table.of(_COLUMNS, _row),
)
