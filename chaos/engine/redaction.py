"""What of somebody's own workload does not belong into a run's folder: values that may be secrets."""

from __future__ import annotations

from dataclasses import replace

from chaos.model import ClusterEvent
from chaos.model.object import Object

_LEFT_OUT = "(left out)"
_KINDS_OF_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def redacted(event: ClusterEvent) -> ClusterEvent:
    """The event without annotations, what its containers are told (environment, commands, arguments) and last said."""
    found = _of_template(event.object)
    spec = found.get("spec")
    if isinstance(spec, dict):
        if isinstance(spec.get("template"), dict):
            spec["template"] = _of_template(spec["template"])
        if isinstance(spec.get("volumeClaimTemplates"), list):
            spec["volumeClaimTemplates"] = [_of_template(claim) for claim in spec["volumeClaimTemplates"]]
    status = found.get("status")
    if isinstance(status, dict):
        found["status"] = {
            key: [_of_status(row) for row in value] if key.endswith("ontainerStatuses") else value
            for key, value in status.items()
        }
    return replace(event, object=found)


def _of_template(obj: Object) -> Object:
    """What has metadata and perhaps the spec of a pod; a copy down to what is changed."""
    found = dict(obj)
    if isinstance(found.get("metadata"), dict):
        found["metadata"] = {key: value for key, value in found["metadata"].items() if key != "annotations"}
    if isinstance(found.get("spec"), dict):
        found["spec"] = _of_pod(found["spec"])
    return found


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


def _of_status(row: Object) -> Object:
    """Without the last lines of a log, which a container's status may hold."""
    found = dict(row)
    for key in ("state", "lastState"):
        ended = (found.get(key) or {}).get("terminated")
        if ended:
            found[key] = {"terminated": {k: v for k, v in ended.items() if k != "message"}}
    return found
