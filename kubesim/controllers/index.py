"""Look-ups that controllers need at every change, kept up to date commit by commit."""

from __future__ import annotations

from kubesim.store import Change, Key, Object, Store

Rows = dict[Key, Object]
_NONE: Rows = {}


def controller_of(obj: Object) -> Object | None:
    """The owner reference of the object's controller, or None."""
    for ref in obj["metadata"].get("ownerReferences") or ():
        if ref.get("controller"):
            return ref  # type: ignore[no-any-return]
    return None


class Index:
    """Objects by namespace, owner, UID and node. Must subscribe to the store before every controller."""

    def __init__(self, store: Store) -> None:
        self._tables: dict[tuple[str, ...], Rows] = {}
        self._uids: dict[str, Key] = {}
        self.close = store.subscribe(self._on_change)

    def in_namespace(self, kind: str, namespace: str) -> list[Object]:
        """Objects of a kind in one namespace, oldest first."""
        return list(self._tables.get(("namespace", kind, namespace), _NONE).values())

    def controlled(self, kind: str, owner_uid: str) -> list[Object]:
        """Objects of a kind whose controller has this UID, oldest first."""
        return list(self._tables.get(("controlled", kind, owner_uid), _NONE).values())

    def uncontrolled(self, kind: str, namespace: str) -> list[Object]:
        """Objects of a kind in one namespace that no controller owns, oldest first."""
        return list(self._tables.get(("uncontrolled", kind, namespace), _NONE).values())

    def dependents(self, owner_uid: str) -> list[Key]:
        """Everything with an owner reference to this UID, oldest first."""
        return list(self._tables.get(("dependents", owner_uid), _NONE))

    def pods_on(self, node: str) -> Rows:
        """Pods bound to a node (not to be changed)."""
        return self._tables.get(("node", node), _NONE)

    def key_of(self, uid: str) -> Key | None:
        """The object with this UID, None where it does not exist."""
        return self._uids.get(uid)

    def _on_change(self, change: Change) -> None:
        key = change.key
        new = () if change.type == "DELETED" else _places(change.kind, change.object)
        for place in () if change.old is None else _places(change.kind, change.old):
            if place not in new:
                rows = self._tables[place]
                del rows[key]
                if not rows:
                    del self._tables[place]
        for place in new:
            self._tables.setdefault(place, {})[key] = change.object
        uid = change.object["metadata"]["uid"]
        if new:
            self._uids[uid] = key
        else:
            self._uids.pop(uid, None)


def _places(kind: str, obj: Object) -> tuple[tuple[str, ...], ...]:
    meta = obj["metadata"]
    namespace = meta.get("namespace", "")
    controller = controller_of(obj)
    places: list[tuple[str, ...]] = [("namespace", kind, namespace)]
    if controller is None:
        places.append(("uncontrolled", kind, namespace))
    else:
        places.append(("controlled", kind, controller["uid"]))
    places += [("dependents", ref["uid"]) for ref in meta.get("ownerReferences") or ()]
    if kind == "Pod" and obj["spec"].get("nodeName"):
        places.append(("node", obj["spec"]["nodeName"]))
    return tuple(dict.fromkeys(places))  # an object may refer to one owner twice
