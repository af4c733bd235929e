"""ControllerRevisions: the versions of a StatefulSet's template."""

from __future__ import annotations

from kubesim.controllers.naming import revision_hash
from kubesim.controllers.plane import Plane
from kubesim.controllers.pods import owner_reference
from kubesim.store import Object, clone

HASH_LABEL = "controller.kubernetes.io/hash"


class Revisions:
    """The revisions of one StatefulSet, oldest first; makes the one of its present template where it is missing.

    Attributes:
        collisions: how often the name of a new one was taken; a part of the hash.
    """

    def __init__(self, plane: Plane, statefulset: Object) -> None:
        self._plane = plane
        self._set = statefulset
        owned = plane.index.controlled("ControllerRevision", statefulset["metadata"]["uid"])
        self._all = sorted(owned, key=_number)
        self.collisions = int((statefulset.get("status") or {}).get("collisionCount", 0))

    def update_and_current(self) -> tuple[Object, Object]:
        """The revision of the present template, and the one that pods are being updated from."""
        data = {"spec": {"template": {"$patch": "replace", **clone(self._set["spec"]["template"])}}}
        update = next((r for r in self._all if r.get("data") == data), None)
        newest = _number(self._all[-1]) if self._all else 0
        if update is None:
            update = self._create(data, newest + 1)
        elif _number(update) < newest:  # rolled back: an old revision becomes the newest
            update = self._plane.store.update("ControllerRevision", {**update, "revision": newest + 1})
        name = self._set.get("status", {}).get("currentRevision")
        current = next((r for r in self._all if r["metadata"]["name"] == name), update)
        return update, current

    def template(self, revision: Object) -> Object:
        """The pod template that a revision stands for."""
        return {key: part for key, part in revision["data"]["spec"]["template"].items() if key != "$patch"}

    def drop_unused(self, used: set[str]) -> None:
        """Delete old revisions beyond the StatefulSet's revisionHistoryLimit that nothing uses."""
        unused = [r for r in self._all if r["metadata"]["name"] not in used]
        limit: int = self._set["spec"].get("revisionHistoryLimit", 10)
        for revision in unused[: max(0, len(unused) - limit)]:
            meta = revision["metadata"]
            self._plane.store.remove("ControllerRevision", meta["namespace"], meta["name"])

    def _create(self, data: Object, number: int) -> Object:
        meta = self._set["metadata"]
        hash_ = revision_hash(data, self.collisions)
        labels = {**(self._set["spec"]["template"].get("metadata", {}).get("labels") or {}), HASH_LABEL: hash_}
        revision_meta: Object = {
            "name": f"{meta['name']}-{hash_}",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(self._set, "StatefulSet")],
        }
        if meta.get("annotations"):
            revision_meta["annotations"] = clone(meta["annotations"])
        existing = self._plane.store.get("ControllerRevision", meta["namespace"], revision_meta["name"])
        if existing is not None and existing.get("data") == data:  # left behind by an orphaning delete: adopted
            adopted = clone(existing)
            adopted["metadata"]["ownerReferences"] = revision_meta["ownerReferences"]
            return self._plane.store.update("ControllerRevision", adopted)
        if existing is not None:
            self.collisions += 1
            return self._create(data, number)
        return self._plane.create(
            "ControllerRevision",
            {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": revision_meta,
                "data": data,
                "revision": number,
            },
        )


def _number(revision: Object) -> int:
    return int(revision.get("revision", 0))
