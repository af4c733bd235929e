"""The garbage collector: what becomes of dependents when their owner goes (pkg/controller/garbagecollector)."""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.api.deletion import FOREGROUND, ORPHAN
from kubesim.controllers.base import Controller, Name
from kubesim.scheme import Scheme
from kubesim.store import Change, Key, Object, StoreError, clone


def _is_served(scheme: Scheme, ref: Object) -> bool:
    known = scheme.get(ref["kind"])
    return known is not None and known.resource.api_version == ref["apiVersion"]


class GarbageCollector(Controller):
    """Deletes dependents whose owners are all gone; serves the `orphan` and `foregroundDeletion` finalizers.

    Its queue holds UIDs of owners, each as ("", uid).
    """

    delay = "garbage_collect"

    def on_change(self, change: Change) -> None:
        meta = change.object["metadata"]
        if change.type == "DELETED" or (meta.get("deletionTimestamp") and meta.get("finalizers")):
            self.enqueue("", meta["uid"])
        if change.type == "ADDED":
            for ref in meta.get("ownerReferences") or ():
                if self.index.key_of(ref["uid"]) is None:  # the owner was deleted before this object was created
                    self.enqueue("", ref["uid"])
        if change.type == "DELETED":
            for ref in meta.get("ownerReferences") or ():
                self.enqueue("", ref["uid"])  # the owner's foreground deletion may have waited for this dependent

    def reconcile(self, name: Name) -> None:
        uid = name[1]
        key = self.index.key_of(uid)
        if key is None:
            for dependent in self.index.dependents(uid):
                self._drop_owner(dependent, uid)
            return
        owner = self.store.get(*key)
        if owner is None or not owner["metadata"].get("deletionTimestamp"):
            return
        finalizers = owner["metadata"].get("finalizers") or ()
        if ORPHAN in finalizers:
            for dependent in self.index.dependents(uid):
                self._disown(dependent, uid)
            self._finish(key, owner, ORPHAN)
        elif FOREGROUND in finalizers:
            self._foreground(key, owner)

    def _drop_owner(self, key: Key, uid: str) -> None:
        """An owner is gone: the dependent goes too, or only loses the reference where another owner is left."""
        obj = self.store.get(*key)
        if obj is None:
            return
        owners = obj["metadata"]["ownerReferences"]
        if not all(_is_served(self.store.scheme, ref) for ref in owners):
            return  # whether an owner of an unknown kind still exists cannot be looked up, so nothing is deleted
        if any(self.index.key_of(ref["uid"]) for ref in owners):
            self._disown(key, uid)
        elif not obj["metadata"].get("deletionTimestamp"):
            self._delete(key, obj, "Background")

    def _foreground(self, key: Key, owner: Object) -> None:
        blocking = False
        for dependent in self.index.dependents(owner["metadata"]["uid"]):
            obj = self.store.get(*dependent)
            if obj is None:
                continue
            refs = [r for r in obj["metadata"]["ownerReferences"] if r["uid"] == owner["metadata"]["uid"]]
            if not obj["metadata"].get("deletionTimestamp"):
                self._delete(dependent, obj, "Foreground" if dependent[0] != "Pod" else "Background")
            still_there = self.store.get(*dependent) is not None
            blocking = blocking or (still_there and any(r.get("blockOwnerDeletion") for r in refs))
        if not blocking:
            self._finish(key, owner, FOREGROUND)

    def _delete(self, key: Key, obj: Object, propagation: str) -> None:
        try:
            deletion.delete(self.store, *key, propagation=propagation, uid=obj["metadata"]["uid"])
        except StoreError as exc:
            if exc.reason != "NotFound":
                raise

    def _disown(self, key: Key, uid: str) -> None:
        obj = self.store.get(*key)
        if obj is None:
            return
        new = clone(obj)
        left = [ref for ref in new["metadata"]["ownerReferences"] if ref["uid"] != uid]
        if left:
            new["metadata"]["ownerReferences"] = left
        else:
            del new["metadata"]["ownerReferences"]
        self.store.update(key[0], new)

    def _finish(self, key: Key, owner: Object, finalizer: str) -> None:
        new = clone(owner)
        new["metadata"]["finalizers"] = [f for f in new["metadata"]["finalizers"] if f != finalizer]
        if not new["metadata"]["finalizers"]:
            del new["metadata"]["finalizers"]
        deletion.update(self.store, key[0], new)
