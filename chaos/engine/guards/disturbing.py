"""What everybody in a cluster uses: cluster DNS, and nodes."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, Scene
from chaos.errors import UsageError
from chaos.experiment.definition import NEEDS


class _Needed(Guard):
    """An experiment that needs what must be allowed; on the sandbox nobody else is disturbed."""

    need: str

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        allowed = getattr(scene.options, f"allow_{self.need.replace('-', '_')}")
        if self.need in scene.experiment.needs and not allowed and not scene.place.simulated:
            raise self.refusal(
                f"{scene.experiment.name} needs {NEEDS[self.need].partition(':')[0]}", hint=f"say so: {self.switch}"
            )
        return ""


class ClusterDns(_Needed):
    """Changes to cluster DNS."""

    name = "cluster-dns"
    refuses = "change cluster DNS, which everybody in the cluster uses"
    switch = "--allow-kube-system"
    need = "kube-system"


class Nodes(_Needed):
    """Nodes out of service."""

    name = "nodes"
    refuses = "take a node out of service"
    switch = "--allow-nodes"
    need = "nodes"


class NodeCommands(Guard):
    """Commands of the user's own that cut a node off."""

    name = "node-commands"
    refuses = "cut a node off but by the two commands that the user gives"
    switch = "--cut-node, --join-node"

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if scene.place.simulated:
            if scene.options.cut_node:
                raise UsageError("--cut-node is for a real cluster; the sandbox cuts its nodes off by itself")
            return ""
        if "node-commands" in scene.experiment.needs and not scene.options.cut_node:
            raise self.refusal(
                f"{scene.experiment.name} needs {NEEDS['node-commands']}",
                hint="no API can cut a node off; for machines behind ssh: --cut-node 'ssh {node} …' and one that "
                "undoes it",
            )
        return ""
