"""StatefulSets (pkg/registry/apps/statefulset, pkg/apis/apps)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import claim_spec, names, workloads
from kubesim.fields.causes import Cause, invalid_value, not_supported
from kubesim.fields.columns import age_of, containers_and_images
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_RETENTION = ("Retain", "Delete")


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("serviceName", "")
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("partition", 0)
        rolling.setdefault("maxUnavailable", 1)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates", ()):
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")
    workloads.template_defaults(obj)


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    if spec["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        text = "must be 'OrderedReady' or 'Parallel'"
        yield invalid_value("spec.podManagementPolicy", spec["podManagementPolicy"], text)
    yield from _strategy(spec["updateStrategy"])
    for field, policy in spec["persistentVolumeClaimRetentionPolicy"].items():
        if policy not in _RETENTION:
            yield not_supported(f"spec.persistentVolumeClaimRetentionPolicy.{field}", policy, _RETENTION)
    yield from workloads.not_negative(spec, ("replicas", "minReadySeconds"))  # a history limit may be negative
    if spec.get("ordinals", {}).get("start", 0) < 0:
        yield invalid_value("spec.ordinals.start", spec["ordinals"]["start"], workloads.NOT_NEGATIVE)
    claims = spec.get("volumeClaimTemplates", ())
    names_of_claims = [c.get("metadata", {}).get("name", "") for c in claims]
    yield from workloads.selector_and_template(spec, "statefulset", names_of_claims, "StatefulSet")
    for i, claim in enumerate(claims):
        yield from claim_spec.spec(claim["spec"], f"spec.volumeClaimTemplates[{i}].spec")
    if spec.get("serviceName"):
        complaints = names.name_without_dots(spec["serviceName"])
        yield from (invalid_value("spec.serviceName", spec["serviceName"], text) for text in complaints)


def _strategy(strategy: Object) -> Iterator[Cause]:
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        yield invalid_value("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")
    elif strategy["type"] == "OnDelete" and strategy.get("rollingUpdate"):
        rolling = strategy["rollingUpdate"]
        shown = {"Partition": rolling.get("partition", 0), "MaxUnavailable": rolling.get("maxUnavailable")}
        text = "only allowed for updateStrategy 'RollingUpdate'"
        yield invalid_value("spec.updateStrategy.rollingUpdate", shown, text)
    elif strategy["type"] == "RollingUpdate":
        yield from _rolling(strategy["rollingUpdate"])


def _rolling(rolling: Object) -> Iterator[Cause]:
    at = "spec.updateStrategy.rollingUpdate"
    if rolling["partition"] < 0:
        yield invalid_value(f"{at}.partition", rolling["partition"], workloads.NOT_NEGATIVE)
    unavailable = rolling["maxUnavailable"]
    yield from workloads.amount(unavailable, f"{at}.maxUnavailable")
    if workloads.is_zero(unavailable):
        yield invalid_value(f"{at}.maxUnavailable", unavailable, "cannot be 0")
    yield from workloads.not_more_than_all(unavailable, f"{at}.maxUnavailable")


def _status(obj: Object) -> Iterator[Cause]:
    return workloads.counts(obj, ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"))


def _row(obj: Object, now: datetime) -> list[Any]:
    ready = f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, age_of(obj, now), *containers_and_images(obj["spec"]["template"])]


KIND = Kind(
    resource=Resource("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), ("status", "scale"), ("all",)),
    name=names.name_without_dots,
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    immutable=("spec.selector", "spec.volumeClaimTemplates", "spec.serviceName", "spec.podManagementPolicy"),
    initial_status=lambda _: {"replicas": 0, "availableReplicas": 0},
    validate_status=_status,
    generation=spec_of,
    table=Table.of("Name,Ready,Age,Containers+,Images+", _row),
)
