"""Which pods belong to a workload: those that it owns, and orphans that its selector adopts."""

from __future__ import annotations

from chaos.sandbox.controllers.labels import matches_selector
from chaos.sandbox.controllers.plane import Plane
from chaos.sandbox.controllers.pods import owner_reference
from chaos.sandbox.store import Object, clone


def claim(plane: Plane, owner: Object, owner_kind: str, kind: str = "Pod", name_prefix: str = "") -> list[Object]:
    """Objects of a kind that a workload controls, after adopting orphans that match and releasing what no longer does.

    As controller_ref_manager.go does: nothing is adopted or released by an owner that is itself being deleted, and
    nothing that is being deleted is adopted. Only orphans whose name begins with `name_prefix` are adopted (a
    StatefulSet's members).
    """
    meta, selector = owner["metadata"], owner["spec"]["selector"]
    deleting = bool(meta.get("deletionTimestamp"))
    mine: list[Object] = []
    for obj in plane.index.controlled(kind, meta["uid"]):
        if matches_selector(selector, obj["metadata"].get("labels")):
            mine.append(obj)
        elif not deleting:
            _set_owners(plane, kind, obj, [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != meta["uid"]])
    if deleting:
        return mine
    for obj in plane.index.uncontrolled(kind, meta["namespace"]):
        theirs = obj["metadata"]
        if theirs.get("deletionTimestamp") or not theirs["name"].startswith(name_prefix):
            continue
        if matches_selector(selector, theirs.get("labels")):
            owners = [*(theirs.get("ownerReferences") or ()), owner_reference(owner, owner_kind)]
            mine.append(_set_owners(plane, kind, obj, owners))
    return mine


def _set_owners(plane: Plane, kind: str, obj: Object, owners: list[Object]) -> Object:
    new = clone(obj)
    if owners:
        new["metadata"]["ownerReferences"] = owners
    else:
        del new["metadata"]["ownerReferences"]
    return plane.store.update(kind, new)
