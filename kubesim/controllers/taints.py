"""Taints of nodes, and who tolerates them (component-helpers' scheduling/corev1)."""

from __future__ import annotations

from collections.abc import Iterable

from kubesim.store import Object

UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def of(node: Object, *effects: str) -> list[Object]:
    """A node's taints with one of these effects."""
    return [taint for taint in (node.get("spec") or {}).get("taints") or () if taint["effect"] in effects]


def toleration(pod: Object, taint: Object) -> Object | None:
    """The first of a pod's tolerations that tolerates a taint, or None."""
    rows: Iterable[Object] = pod["spec"].get("tolerations") or ()
    return next((row for row in rows if _tolerates(row, taint)), None)


def _tolerates(row: Object, taint: Object) -> bool:
    operator = row.get("operator") or "Equal"
    if row.get("effect") and row["effect"] != taint["effect"]:
        return False
    if row.get("key") and row["key"] != taint["key"]:
        return False
    if not row.get("key") and operator != "Exists":
        return False
    return bool(operator == "Exists" or (row.get("value") or "") == (taint.get("value") or ""))
