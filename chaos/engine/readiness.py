"""Why pods are not Ready, or not even there, in words that name the object."""

from __future__ import annotations

from chaos.cluster.client import Cluster
from chaos.engine.target import is_ready
from chaos.errors import ApiError
from chaos.model.object import Object

_FORBIDDEN = 403
_MOST = 5


async def why_not_ready(cluster: Cluster, namespace: str, labels: str) -> tuple[str, ...]:
    """Reasons, at most a few: what each pod that is not Ready says, and the namespace's newest warnings.

    A quota that keeps pods from being made, or a volume that never binds, shows in the warnings only; where events may
    not be read, they are left out.
    """
    pods, _ = await cluster.list("Pod", namespace, labels)
    reasons = [f"pod {pod['metadata']['name']}: {why(pod)}" for pod in pods if not is_ready(pod)]
    try:
        events, _ = await cluster.list("Event", namespace)
    except ApiError as exc:
        if exc.status != _FORBIDDEN:
            raise
        events = []
    warnings = [event for event in events if event.get("type") == "Warning"]
    warnings.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""), reverse=True)
    for event in warnings:
        about = event.get("involvedObject") or {}
        reasons.append(f"{about.get('kind')} {about.get('name')}: {event.get('reason')}: {event.get('message')}")
    return tuple(dict.fromkeys(reasons))[:_MOST] or ("no pod was made, and nothing says why",)


def why(pod: Object) -> str:
    """The first reason that a pod gives, such as ImagePullBackOff."""
    if "deletionTimestamp" in pod["metadata"]:
        return "is being deleted"
    status = pod.get("status") or {}
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "", "PodInitializing", "ContainerCreating"):
            return f"container {container['name']}: {waiting['reason']} {waiting.get('message', '')}".strip()
    for condition in status.get("conditions") or []:
        if condition["status"] == "False" and condition.get("message"):
            return str(condition["message"])
    return "not Ready"
