"""Which node an experiment takes out of service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from chaos.experiment import InconclusiveError, PreflightError, Run, is_ours

_TWO = 2
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_KEEP_AWAY = ("NoSchedule", "NoExecute")


async def choose_node(run: Run, *, leave: Iterable[str] = ()) -> str:
    """The node that the user named, or the one with most of the target's pods; there is another one for them.

    Args:
        run: under way, with its pods Ready.
        leave: nodes that are never chosen.

    Raises:
        PreflightError: the named node cannot be taken.
        InconclusiveError: there is no second node that takes pods, so nothing could come back elsewhere.
    """
    usable: list[str] = [node["metadata"]["name"] for node in await run.objects.list("Node") if takes_pods(node)]
    if len(usable) < _TWO:
        raise InconclusiveError(
            f"only {len(usable)} node(s) take pods, so those of a lost one could come back nowhere",
            hint="it takes two nodes that are Ready, not cordoned and without taints",
        )
    left = set(leave)
    pods = Counter(pod.node for pod in run.target.pods)
    if name := run.options.node:
        if name not in usable or name in left:
            raise PreflightError(
                f"--node {name}: it does not take pods, or must stay", hint=f"one of {', '.join(sorted(pods))}"
            )
        return name
    candidates = [name for name in usable if pods[name] and name not in left]
    if not candidates:
        raise InconclusiveError(
            f"no node with a pod of the run may be taken; those that must stay: {', '.join(sorted(left))}"
        )
    return max(sorted(candidates), key=lambda name: pods[name])


async def nodes_to_leave(run: Run) -> list[str]:
    """Nodes that must not be cut off: those of the control plane, and the one whose network this process uses."""
    if run.simulated:
        return []
    return [node["metadata"]["name"] for node in await run.objects.list("Node") if _must_stay(node)]


def _must_stay(node: dict[str, Any]) -> bool:
    labels = node["metadata"].get("labels") or {}
    addresses = [a["address"] for a in (node.get("status") or {}).get("addresses") or [] if a["type"] == "InternalIP"]
    return any(label in labels for label in _CONTROL_PLANE) or any(is_ours(address) for address in addresses)


def takes_pods(node: dict[str, Any]) -> bool:
    """Whether the scheduler would put a pod without tolerations there."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    tainted = any(taint.get("effect") in _KEEP_AWAY for taint in spec.get("taints") or [])
    return ready and not tainted and not spec.get("unschedulable")


async def node_ready(run: Run, name: str, *, wanted: bool) -> bool:
    """Whether a node takes pods, or does not, by the API."""
    node = await run.objects.get("Node", name)
    return node is not None and takes_pods(node) == wanted
