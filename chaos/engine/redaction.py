"""What of somebody's own workload does not belong into a run's folder: values that may be secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chaos.model import ClusterEvent

Object = dict[str, Any]
_LEFT_OUT = "(left out)"
_KINDS_OF_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def redacted(event: ClusterEvent) -> ClusterEvent:
    """The event without annotations and without what its containers are told: environment, commands and arguments."""
    obj = event.object
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return event
    meta = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    spec = _of_pod(spec)
    template = spec.get("template")
    if isinstance(template, dict) and isinstance(template.get("spec"), dict):
        spec["template"] = {**template, "spec": _of_pod(template["spec"])}
    return replace(event, object={**obj, "metadata": meta, "spec": spec})


def _of_pod(spec: Object) -> Object:
    found = dict(spec)
    for key in _KINDS_OF_CONTAINERS:
        if isinstance(found.get(key), list):
            found[key] = [_of_container(container) for container in found[key]]
    return found


def _of_container(container: Object) -> Object:
    found = dict(container)
    for key in ("command", "args"):
        if key in found:
            found[key] = [_LEFT_OUT]
    if found.get("env"):
        found["env"] = [{**row, "value": _LEFT_OUT} if "value" in row else row for row in found["env"]]
    for hook in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        found.pop(hook, None)
    return found
