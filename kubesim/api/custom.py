"""Serves the kinds of CustomResourceDefinitions, as controllers inside the real server do (naming, establishing)."""

from __future__ import annotations

from kubesim.kinds.customresourcedefinition import kind_of
from kubesim.store import Change, Object, Store, clone

DEFINITION = "CustomResourceDefinition"


class CustomKinds:
    """Adds kinds to a store's scheme as their definitions come; they go with them, and so do their objects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind != DEFINITION:
            return
        name, loop = change.object["metadata"]["name"], self._store.clock.loop
        if change.type == "DELETED":
            if self._is_of(change.object):
                kind = change.object["spec"]["names"]["kind"]
                self._store.scheme.remove(kind)
                if not loop.is_closed():
                    loop.call_soon(self._remove_objects, kind)
            return
        if self._is_free(change.object) or self._is_of(change.object):
            self._serve(change.object)
        # Where the loop is over (manifests that are only judged) nobody waits for conditions.
        if change.type == "ADDED" and not loop.is_closed():
            loop.call_soon(self._accept, name)

    def _is_free(self, definition: Object) -> bool:
        return self._store.scheme.get(definition["spec"]["names"]["kind"]) is None

    def _is_of(self, definition: Object) -> bool:
        """Whether the kind of that name is this definition's."""
        spec = definition["spec"]
        kind = self._store.scheme.get(spec["names"]["kind"])
        return kind is not None and (kind.resource.plural, kind.resource.group) == (
            spec["names"]["plural"],
            spec["group"],
        )

    def _serve(self, definition: Object) -> None:
        kind = kind_of(definition)
        if kind is None:
            self._store.scheme.remove(definition["spec"]["names"]["kind"])
        else:
            self._store.scheme.add(kind)

    def _accept(self, name: str) -> None:
        """Write the conditions that clients wait for."""
        found = self._store.get(DEFINITION, "", name)
        if found is None:
            return
        new, given = clone(found), found["spec"]["names"]
        if self._is_of(found) or kind_of(found) is None:
            rows = [
                ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
                ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
            ]
            new["status"]["acceptedNames"] = clone(given)
        else:
            rows = [
                ("NamesAccepted", "False", "KindConflict", f'"{given["kind"]}" is already in use'),
                ("Established", "False", "NotAccepted", "not all names are accepted"),
            ]
        now = self._store.clock.timestamp()
        keys = ("type", "status", "reason", "message")
        new["status"]["conditions"] = [{"lastTransitionTime": now, **dict(zip(keys, row, strict=True))} for row in rows]
        self._store.update(DEFINITION, new)

    def _remove_objects(self, kind: str) -> None:
        for obj in self._store.list(kind):
            meta = obj["metadata"]
            self._store.remove(kind, meta.get("namespace", ""), meta["name"])
