"""What outlives a container: the content of volumes, kept as whatever object the program in it likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from kubesim.containers.host import ContainerHost
from kubesim.store import Object

_T = TypeVar("_T")


def kept(host: ContainerHost, pod: Object, container: Object, path: str, make: Callable[[], _T]) -> _T:
    """What a program keeps in a folder: the same object again wherever the same volume is mounted there.

    A claim's content lives as long as the claim (its UID), that of an emptyDir as long as the pod; without a volume it
    ends with the container.

    Args:
        host: keeps it.
        pod: as it is in the store.
        container: the entry of `spec.containers`.
        path: the folder in the container.
        make: makes an empty one.
    """
    key = _volume(host, pod, container, path)
    if not key:
        return make()
    return cast("_T", host.volumes.setdefault((key, path), make()))


def _volume(host: ContainerHost, pod: Object, container: Object, path: str) -> str:
    """A name for the volume at a path, or at the nearest folder above it; empty where there is none."""
    mounts = {mount["mountPath"].rstrip("/"): mount for mount in container.get("volumeMounts") or ()}
    above = [folder for folder in mounts if path == folder or path.startswith(f"{folder}/")]
    if not above:
        return ""
    mount = mounts[max(above, key=len)]
    name, part = mount["name"], mount.get("subPath", "")
    volume: Object = next((v for v in pod["spec"].get("volumes") or () if v["name"] == name), {})
    meta = pod["metadata"]
    if "persistentVolumeClaim" not in volume:
        return f"pod {meta.get('uid', '')} {name} {part}"
    claim = host.store.get("PersistentVolumeClaim", meta["namespace"], volume["persistentVolumeClaim"]["claimName"])
    return f"claim {claim['metadata']['uid']} {part}" if claim else ""
