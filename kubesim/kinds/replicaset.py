"""ReplicaSets (pkg/registry/apps/replicaset, pkg/apis/apps)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import workloads
from kubesim.fields.causes import Cause
from kubesim.fields.columns import age_of, containers_and_images
from kubesim.fields.selectors import selector_text
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_COLUMNS = "Name,Desired,Current,Ready,Age,Containers+,Images+,Selector+"


def _defaults(obj: Object) -> None:
    obj["spec"].setdefault("replicas", 1)
    template = obj["spec"].get("template") or {}
    labels = template.get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    workloads.template_defaults(obj)


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from workloads.not_negative(spec, ("replicas", "minReadySeconds"))
    yield from workloads.selector_and_template(spec, "replicaset")


def _status(obj: Object) -> Iterator[Cause]:
    return workloads.counts(obj, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))


def _row(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    return [
        obj["metadata"]["name"],
        obj["spec"].get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age_of(obj, now),
        *containers_and_images(obj["spec"]["template"]),
        selector_text(obj["spec"].get("selector", {})),
    ]


KIND = Kind(
    resource=Resource("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), ("status", "scale"), ("all",)),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    immutable=("spec.selector",),
    initial_status=lambda _: {"replicas": 0},
    validate_status=_status,
    generation=spec_of,
    selectable=("metadata.name", "metadata.namespace", "status.replicas"),
    table=Table.of(_COLUMNS, _row, dict.fromkeys(("Desired", "Current", "Ready"), "integer")),
)
