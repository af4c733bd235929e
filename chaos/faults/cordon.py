"""Keeps new pods away from a node, or lets them in again."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault


class Cordon(Fault):
    """Mark a node as unschedulable, as `kubectl cordon` does; what runs on it goes on. The undo takes the mark off."""

    undone = "the mark is taken off"
    needs = ("nodes",)

    node: str

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - a node is in none
        return await changes.patch("Node", self.node, "", {"spec": {"unschedulable": True}})


class Uncordon(Cordon):
    """Take the mark off during the run, so that what then happens is measured too."""

    undone = "nothing is left to be done: it is the undo itself"

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - as above
        return await changes.put_back("Node", self.node, "")
