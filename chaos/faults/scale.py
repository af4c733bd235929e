"""Changes a StatefulSet's number of replicas."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity


@dataclass(frozen=True, slots=True)
class Scale:
    """Scale a StatefulSet, up or down.

    Attributes:
        statefulset: its name.
        replicas: how many there shall be.
        removed: the pods that go by it.
    """

    statefulset: str
    replicas: int
    removed: tuple[PodIdentity, ...] = ()

    @property
    def name(self) -> str:
        return "scale"

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        return self.removed

    @property
    def replaces(self) -> bool:
        return False

    @property
    def parameters(self) -> dict[str, object]:
        return {"statefulset": self.statefulset, "replicas": self.replicas}

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return await changes.patch("StatefulSet", self.statefulset, namespace, {"spec": {"replicas": self.replicas}})
