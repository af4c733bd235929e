"""In which container of a pod a command is run."""

from __future__ import annotations

from chaos.errors import PreflightError
from chaos.model.object import Object

_DEFAULT = "kubectl.kubernetes.io/default-container"


def container_of(pod: Object, asked: str = "") -> str:
    """The one that is asked for, else the one that `kubectl exec` takes: by the pod's annotation, else its first.

    Raises:
        PreflightError: the pod has none of the name that is asked for.
    """
    names = [container["name"] for container in pod["spec"].get("containers") or ()]
    beside = [one["name"] for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"]
    if asked and asked not in names + beside:
        raise PreflightError(
            f"pod {pod['metadata']['name']} has no container {asked}",
            hint=f"it has: {', '.join(names + beside)}; --container names one of them",
        )
    marked = str((pod["metadata"].get("annotations") or {}).get(_DEFAULT, ""))
    return asked or (marked if marked in names else names[0])
