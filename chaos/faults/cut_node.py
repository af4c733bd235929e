"""Cuts a node off the network while its pods keep running, and joins it again."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity

# The annotation by which the sandbox cuts a node off. A real cluster would store it and do nothing.
SANDBOX_NETWORK = "sandbox.chaos-identity.io/network"


class CutNode(Fault):
    """Cut a node off. No API can, so an operator's command does; the command that undoes it is on disk first.

    Attributes:
        node: which.
        pods: of the run that are on it.
        command: shell command in which ``{node}`` stands for the node; empty on the sandbox.
        undo: the one that joins the node again.
    """

    replaces = True
    needs = ("nodes",)
    words = CauseWords("its node was cut off", "the cut of its node", "node cut off")
    undone = "the node is joined again"

    node: str
    pods: tuple[PodIdentity, ...]
    command: str = ""
    undo: str = ""

    @property
    def parameters(self) -> dict[str, object]:
        return {"node": self.node}  # not the commands: they may hold passwords; the journal has them

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - a node is in none
        if self.command:
            return await changes.command_on_node(self.node, self.command, undo=self.undo)
        return await changes.patch("Node", self.node, "", {"metadata": {"annotations": {SANDBOX_NETWORK: "down"}}})


class JoinNode(Fault):
    """Join it again during the run, so that what then happens is measured too."""

    undone = "nothing is left to be done: it is the undo itself"

    cut: CutNode

    @property
    def parameters(self) -> dict[str, object]:
        return {"node": self.cut.node}

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:  # noqa: ARG002 - a node is in none
        if self.cut.command:
            return await changes.undo_command_on_node(self.cut.node)
        return await changes.put_back("Node", self.cut.node, "")
