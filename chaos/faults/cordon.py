"""Keeps new pods away from a node, or lets them in again."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity


@dataclass(frozen=True, slots=True)
class Cordon:
    """Mark a node as unschedulable, as `kubectl cordon` does; what runs on it goes on. The undo takes the mark off."""

    node: str

    @property
    def name(self) -> str:
        return "cordon"

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        return ()

    @property
    def replaces(self) -> bool:
        return False

    @property
    def parameters(self) -> dict[str, object]:
        return {"node": self.node}

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - a node is in none
        return await changes.patch("Node", self.node, "", {"spec": {"unschedulable": True}})


@dataclass(frozen=True, slots=True)
class Uncordon(Cordon):
    """Take the mark off during the run, so that what then happens is measured too."""

    @property
    def name(self) -> str:
        return "uncordon"

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - as above
        return await changes.put_back("Node", self.node, "")
