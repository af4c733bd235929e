"""Changes a StatefulSet's number of replicas."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity


class Scale(Fault):
    """Scale a StatefulSet, up or down.

    Attributes:
        statefulset: its name.
        replicas: how many there shall be.
        removed: the pods that go by it.
    """

    one_by_one = True
    words = CauseWords("the StatefulSet was scaled", "the scaling", "StatefulSet scaled")
    undone = "the number of replicas is put back"

    statefulset: str
    replicas: int
    removed: tuple[PodIdentity, ...] = ()

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return await changes.patch("StatefulSet", self.statefulset, namespace, {"spec": {"replicas": self.replicas}})
