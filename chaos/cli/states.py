"""What an object is doing, in words for a terminal."""

from __future__ import annotations

from chaos.model import ClusterEvent


def pod_state(event: ClusterEvent) -> str:
    """A pod's state in the words of `kubectl get pods`."""
    if event.type == "DELETED":
        return "gone"
    status = event.object.get("status", {})
    if "deletionTimestamp" in event.object["metadata"]:
        return "Terminating" if status.get("phase") in ("Running", "Pending") else f"Terminating, {status.get('phase')}"
    conditions = status.get("conditions") or []
    if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
        return f"Ready at {status.get('podIP')}"
    if event.object["spec"].get("nodeName"):
        return f"{status.get('phase', 'Pending')} on {event.object['spec']['nodeName']}"
    return str(status.get("phase", "Pending"))


def object_state(event: ClusterEvent) -> str:
    """A change of another object, by the version that it has now."""
    if event.type == "DELETED":
        return "gone"
    return f"{event.type.lower()}, version {event.object['metadata'].get('resourceVersion', '?')}"
