"""Deployments (pkg/registry/apps/deployment, pkg/apis/apps)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import workloads
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported
from kubesim.fields.columns import age_of, containers_and_images
from kubesim.fields.selectors import selector_text
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_STRATEGIES = ("Recreate", "RollingUpdate")


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")
    workloads.template_defaults(obj)


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from workloads.not_negative(spec, ("replicas",))
    yield from workloads.selector_and_template(spec, "deployment")
    yield from _strategy(spec["strategy"])
    yield from workloads.not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"))
    deadline_s, ready_s = spec["progressDeadlineSeconds"], spec.get("minReadySeconds", 0)
    if deadline_s < 0:
        yield invalid_value("spec.progressDeadlineSeconds", deadline_s, workloads.NOT_NEGATIVE)
    if deadline_s <= ready_s:
        yield invalid_value("spec.progressDeadlineSeconds", deadline_s, "must be greater than minReadySeconds")


def _strategy(strategy: Object) -> Iterator[Cause]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] not in _STRATEGIES:
        yield not_supported("spec.strategy", {"Type": strategy["type"], "RollingUpdate": rolling}, _STRATEGIES)
    elif strategy["type"] == "Recreate" and rolling is not None:
        text = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden_field("spec.strategy.rollingUpdate", text)
    elif rolling is not None:
        yield from _rolling(rolling)


def _rolling(rolling: Object) -> Iterator[Cause]:
    at = "spec.strategy.rollingUpdate"
    for field in ("maxUnavailable", "maxSurge"):
        yield from workloads.amount(rolling[field], f"{at}.{field}")
    unavailable = rolling["maxUnavailable"]
    if workloads.is_zero(rolling["maxSurge"]) and workloads.is_zero(unavailable):
        text = "may not be 0 when `maxSurge` is 0"
        yield invalid_value(f"{at}.maxUnavailable", unavailable, text)
    yield from workloads.not_more_than_all(unavailable, f"{at}.maxUnavailable")


def _status(obj: Object) -> Iterator[Cause]:
    return workloads.counts(obj, ("updatedReplicas", "readyReplicas", "availableReplicas"))


def _row(obj: Object, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(obj, now),
        *containers_and_images(obj["spec"]["template"]),
        selector_text(obj["spec"].get("selector", {})),
    ]


KIND = Kind(
    resource=Resource("apps", "v1", "deployments", "Deployment", True, ("deploy",), ("status", "scale"), ("all",)),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    immutable=("spec.selector",),
    initial_status=lambda _: {},
    validate_status=_status,
    generation=spec_of,
    table=Table.of("Name,Ready,Up-to-date,Available,Age,Containers+,Images+,Selector+", _row),
)
