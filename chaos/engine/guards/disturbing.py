"""What everybody in a cluster uses: cluster DNS, and nodes."""

from __future__ import annotations

from chaos.engine.guards.guard import Guard, Injection, Scene
from chaos.errors import ApiError, UsageError
from chaos.experiment.definition import NEEDS

_MOST_NAMED = 10


class _Needed(Guard):
    """Refuses an experiment with a certain need unless an option allows it; the sandbox has nobody to disturb."""

    need: str

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if self.need in scene.experiment.needs and not self._is_allowed(scene):
            raise self.refusal(
                f"{scene.experiment.name} needs {NEEDS[self.need].partition(':')[0]}", hint=f"say so: {self.switch}"
            )
        return ""

    async def check_injection(self, scene: Scene, injection: Injection) -> None:
        """See `Guard.check_injection`: of an experiment that has not said what it does."""
        if self.need in injection.needs and not self._is_allowed(scene):
            raise self.refusal(
                f"{scene.experiment.name} does not declare what {injection.what} needs: "
                f"{NEEDS[self.need].partition(':')[0]}",
                hint=f'needs=("{self.need}",) in its file; then {self.switch} allows it',
            )

    def _is_allowed(self, scene: Scene) -> bool:
        allowed = getattr(scene.options, f"allow_{self.need.replace('-', '_')}")
        return bool(allowed) or scene.place.simulated


class ClusterDnsGuard(_Needed):
    """Changes to cluster DNS."""

    name = "cluster-dns"
    refuses = "change cluster DNS, which everybody in the cluster uses"
    switch = "--allow-kube-system"
    need = "kube-system"


class NodesGuard(_Needed):
    """Nodes out of service."""

    name = "nodes"
    refuses = "take a node out of service"
    switch = "--allow-nodes"
    need = "nodes"


class NodeCommandsGuard(Guard):
    """Commands of the user's own that cut a node off."""

    name = "node-commands"
    refuses = "cut a node off but by the two commands that the user gives"
    switch = "--cut-node, --join-node"
    asks = True

    async def check_start(self, scene: Scene) -> str:
        """See `Guard.check_start`."""
        if scene.place.simulated:
            if scene.options.cut_node:
                raise UsageError("--cut-node is for a real cluster; the sandbox cuts its nodes off by itself")
            return ""
        if "node-commands" not in scene.experiment.needs:
            return ""
        if not scene.options.cut_node:
            raise self.refusal(
                f"{scene.experiment.name} needs {NEEDS['node-commands']}",
                hint="no API can cut a node off; for machines behind ssh: --cut-node 'ssh {node} …' and one that "
                "undoes it",
            )
        return await _others_on(scene)


async def _others_on(scene: Scene) -> str:
    """Pods of others that are lost with a node that is cut off, on each node that it may be."""
    try:
        pods, _ = await scene.cluster.list("Pod")
    except ApiError as exc:
        return f"all pods of a node that is cut off are lost with it, and which these are cannot be seen: {exc.message}"
    on: dict[str, list[str]] = {}
    for pod in pods:
        meta, node = pod["metadata"], (pod.get("spec") or {}).get("nodeName")
        if node and scene.options.node in ("", node):
            on.setdefault(node, []).append(f"{meta['namespace']}/{meta['name']}")
    listed = [f"{node}: {_few(sorted(names))}" for node, names in sorted(on.items())]
    return f"pods of others that a cut of their node would take along: {'; '.join(listed) or 'none'}"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
