"""HorizontalPodAutoscalers of autoscaling/v2 (pkg/registry/autoscaling). They are kept; nothing scales.

Not modelled: autoscaling/v1, and validation of behavior and of the metrics' targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.columns import NONE, UNSET, age_of
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object, clone

# The types of metrics, and the field that each fills.
_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_DEFAULT_METRIC = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
_PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 15}
_RULES = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, _PERCENT],
    },
    "scaleDown": {"selectPolicy": "Max", "policies": [_PERCENT]},
}
_SHOWN_METRICS = 2
_UNKNOWN = "<unknown>"


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [clone(_DEFAULT_METRIC)]
    if "behavior" in spec:
        for field, rules in _RULES.items():
            spec["behavior"][field] = {**clone(rules), **spec["behavior"].get(field, {})}


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    least, most = spec["minReplicas"], spec.get("maxReplicas", 0)
    if least < 1:
        yield invalid_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if not most:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    elif most < 0:
        yield invalid_value("spec.maxReplicas", most, "must be greater than or equal to 1")
    if most < least:
        yield invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    for field in ("kind", "name"):
        at, value = f"spec.scaleTargetRef.{field}", target.get(field)
        if not value:
            yield required(at)
        else:
            yield from (invalid_value(at, value, text) for text in names.path_segment(value))
    for i, metric in enumerate(spec["metrics"]):
        yield from _metric(metric, f"spec.metrics[{i}]")


def _metric(metric: Object, at: str) -> Iterator[Cause]:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{at}.type", "must specify a metric source type")
    if kind not in _SOURCES:
        yield not_supported(f"{at}.type", kind, tuple(_SOURCES))
        return
    if _SOURCES[kind] not in metric:
        yield required(f"{at}.{_SOURCES[kind]}", "must populate information for the given metric source")
    for field in _SOURCES.values():
        if field != _SOURCES[kind] and field in metric:
            yield forbidden_field(f"{at}.{field}", "must populate the given metric source only")


def _shown(metric: Object, current: Object) -> str:
    """A metric as `kubectl get` prints it (formatHPAMetrics): what it is, and what it should be."""
    field = _SOURCES[metric["type"]]
    source, now = metric.get(field, {}), current.get(field, {}).get("current", {})
    target, named = source.get("target", {}), f"{source.get('name', '')}: " if "esource" in field else ""
    if "averageValue" in target:
        suffix = " (avg)" if field in ("external", "object") else ""
        return f"{named}{now.get('averageValue', _UNKNOWN)}/{target['averageValue']}{suffix}"
    if named:
        percent = f"{now['averageUtilization']}%" if "averageUtilization" in now else _UNKNOWN
        wanted = f"{target['averageUtilization']}%" if "averageUtilization" in target else "<auto>"
        return f"{named}{percent}/{wanted}"
    return f"{now.get('value', _UNKNOWN)}/{target.get('value', '0')}"


def _row(obj: Object, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    target, metrics, current = spec["scaleTargetRef"], spec["metrics"], status.get("currentMetrics") or ()
    shown = [_shown(metric, current[i] if i < len(current) else {}) for i, metric in enumerate(metrics)]
    more = f" + {len(shown) - _SHOWN_METRICS} more..." if len(shown) > _SHOWN_METRICS else ""
    return [
        obj["metadata"]["name"],
        f"{target['kind']}/{target['name']}",
        (", ".join(shown[:_SHOWN_METRICS]) + more) or NONE,
        str(spec.get("minReplicas", UNSET)),
        spec["maxReplicas"],
        status.get("currentReplicas", 0),
        age_of(obj, now),
    ]


KIND = Kind(
    resource=Resource(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        True,
        ("hpa",),
        ("status",),
        ("all",),
    ),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    initial_status=lambda _: {"desiredReplicas": 0, "currentMetrics": None},
    generation=spec_of,
    table=Table.of("Name,Reference,Targets,MinPods,MaxPods,Replicas,Age", _row),
)
