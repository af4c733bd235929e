"""Events of core/v1 (pkg/registry/core/event)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields.durations import age
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def _row(obj: Object, now: datetime) -> list[Any]:
    source, about = obj.get("source") or {}, obj.get("involvedObject", {})
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    return [
        age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(filter(None, (source.get("component") or obj.get("reportingComponent", ""), source.get("host", "")))),
        obj.get("message", "").strip(),
        age(first, now),
        obj.get("count") or 1,
        obj["metadata"]["name"],
    ]


KIND = Kind(
    resource=Resource("", "v1", "events", "Event", True, ("ev",)),
    create_on_update=True,
    is_counted=False,
    selectable=(
        "metadata.name",
        "metadata.namespace",
        *(f"involvedObject.{field}" for field in _ABOUT),
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    table=Table.of("Last Seen,Type,Reason,Object,Subobject+,Source+,Message,First Seen+,Count+,Name+", _row),
)
