"""What the controllers of workloads share: knowing, adopting and releasing what their workloads own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kubesim.controllers.base import Controller
from kubesim.controllers.index import controller_of
from kubesim.controllers.pods import owner_reference
from kubesim.fields.matching import matches_selector
from kubesim.store import Change, Object, clone


class AdoptingController(Controller):
    """Reconciles owners of a `kind` when they change, when something that they own does, and when they may adopt.

    Attributes:
        kind: of the owners.
        owned_kind: of what they own and adopt.
    """

    kind: ClassVar[str]
    owned_kind: ClassVar[str] = "Pod"

    def on_change(self, change: Change) -> None:
        if change.kind == self.kind:
            self.enqueue_object(change.object)
        elif change.kind == self.owned_kind:
            self._enqueue_owners(change)
            if change.type != "DELETED" and controller_of(change.object) is None:
                for owner in self.adopters(change.object):
                    self.enqueue_object(owner)

    def adopters(self, orphan: Object) -> Iterable[Object]:
        """Owners that an object without a controller may belong to: those whose selector matches."""
        for owner in self.index.in_namespace(self.kind, orphan["metadata"]["namespace"]):
            if matches_selector(owner["spec"]["selector"], orphan["metadata"].get("labels")):
                yield owner

    def claim(self, owner: Object, name_prefix: str = "") -> list[Object]:
        """What an owner controls, after adopting orphans that match and releasing what no longer does.

        As controller_ref_manager.go does: nothing is adopted or released by an owner that is itself being deleted, and
        nothing that is being deleted is adopted. Only orphans whose name begins with `name_prefix` are adopted (a
        StatefulSet's members).
        """
        meta, selector = owner["metadata"], owner["spec"]["selector"]
        deleting = bool(meta.get("deletionTimestamp"))
        mine: list[Object] = []
        for obj in self.index.controlled(self.owned_kind, meta["uid"]):
            if matches_selector(selector, obj["metadata"].get("labels")):
                mine.append(obj)
            elif not deleting:
                self._set_owners(obj, [r for r in obj["metadata"]["ownerReferences"] if r["uid"] != meta["uid"]])
        if deleting:
            return mine
        for obj in self.index.uncontrolled(self.owned_kind, meta["namespace"]):
            theirs = obj["metadata"]
            if theirs.get("deletionTimestamp") or not theirs["name"].startswith(name_prefix):
                continue
            if matches_selector(selector, theirs.get("labels")):
                others = [r for r in theirs.get("ownerReferences") or () if r["uid"] != meta["uid"]]
                mine.append(self._set_owners(obj, [*others, owner_reference(owner, self.kind)]))
        return mine

    def _enqueue_owners(self, change: Change) -> None:
        """Queue the owner of a changed object, and the one that it had before."""
        for obj in (change.object, change.old):
            ref = None if obj is None else controller_of(obj)
            if ref is not None and ref["kind"] == self.kind:
                self.enqueue(change.object["metadata"]["namespace"], ref["name"])

    def _set_owners(self, obj: Object, owners: list[Object]) -> Object:
        new = clone(obj)
        if owners:
            new["metadata"]["ownerReferences"] = owners
        else:
            del new["metadata"]["ownerReferences"]
        return self.store.update(self.owned_kind, new)
