"""ControllerRevisions (pkg/registry/apps/controllerrevision)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubesim.fields.columns import NONE, age_of
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object


def _row(obj: Object, now: datetime) -> list[Any]:
    owners = [o for o in obj["metadata"].get("ownerReferences", ()) if o.get("controller")]
    shown = NONE
    if owners:
        group = owners[0]["apiVersion"].rpartition("/")[0]
        shown = f"{owners[0]['kind'].lower()}{'.' + group if group else ''}/{owners[0]['name']}"
    return [obj["metadata"]["name"], shown, obj.get("revision", 0), age_of(obj, now)]


KIND = Kind(
    resource=Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    table=Table.of("Name,Controller,Revision,Age", _row),
)
