"""What an event tells of its object, and of who wrote it."""

from __future__ import annotations

from typing import Any

from chaos.model import ClusterEvent

_RUN_LABEL = "chaos-identity.io/run"
_CONTROLLERS = "kube-controller-manager"
_STATUS = "(status)"


def who(event: ClusterEvent) -> str:
    """Who changed more than a status; nobody where managedFields do not tell."""
    return ", ".join(one for one in _writers(event) if not one.endswith(_STATUS)) or "somebody"


def by_controllers(event: ClusterEvent) -> bool:
    """Whether only the cluster's own controllers wrote it."""
    wrote = _writers(event)
    return bool(wrote) and all(one.startswith(_CONTROLLERS) or one.endswith(_STATUS) for one in wrote)


def _writers(event: ClusterEvent) -> list[str]:
    return [one for one in event.by.split(", ") if one]


def is_ending(event: ClusterEvent) -> bool:
    """Whether the object is gone, or marked for deletion."""
    return event.type == "DELETED" or "deletionTimestamp" in event.object["metadata"]


def spec(event: ClusterEvent) -> dict[str, Any]:
    return event.object.get("spec") or {}


def differences(before: ClusterEvent, after: ClusterEvent) -> str:
    """The fields of the spec that differ."""
    old, new = spec(before), spec(after)
    fields = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return ", ".join(fields) or "the spec"


def labels(event: ClusterEvent) -> dict[str, str]:
    return event.object["metadata"].get("labels") or {}


def is_the_runs(event: ClusterEvent) -> bool:
    """Whether it has the label of what the run makes."""
    return _RUN_LABEL in labels(event)


def owner(event: ClusterEvent) -> tuple[str, str]:
    """Kind and name of its controller; empty where it has none."""
    for one in event.object["metadata"].get("ownerReferences") or ():
        if one.get("controller"):
            return str(one["kind"]), str(one["name"])
    return "", ""


def generation(event: ClusterEvent) -> int:
    return int(event.object["metadata"].get("generation", 0))


def version(event: ClusterEvent) -> int:
    return number(str(event.object["metadata"].get("resourceVersion", "")))


def number(version: str) -> int:
    """A resourceVersion is a number that grows (since Kubernetes 1.35 that is promised)."""
    return int(version) if version.isdigit() else 0
