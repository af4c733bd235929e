"""How a node is cut off the network: an annotation says so, which its kubelet and the node controller read."""

from __future__ import annotations

from kubesim.errors import SimulationError
from kubesim.store import Object, Store, clone

# Only kubesim knows it: `down` cuts the node off, anything else and its absence join it.
NETWORK_ANNOTATION = "sandbox.chaos-identity.io/network"
DOWN = "down"


def is_cut(node: Object) -> bool:
    """Whether a node is to be cut off."""
    return bool((node["metadata"].get("annotations") or {}).get(NETWORK_ANNOTATION) == DOWN)


def set_link(store: Store, name: str, *, up: bool) -> None:
    """Have a node's link cut or joined, by its annotation.

    Raises:
        SimulationError: there is no such node.
    """
    node = store.get("Node", "", name)
    if node is None:
        there = ", ".join(one["metadata"]["name"] for one in store.list("Node"))
        raise SimulationError(f"there is no node {name!r}", hint=f"there are: {there}")
    changed = clone(node)
    annotations = changed["metadata"].setdefault("annotations", {})
    if up:
        annotations.pop(NETWORK_ANNOTATION, None)
    else:
        annotations[NETWORK_ANNOTATION] = DOWN
    store.update("Node", changed)
