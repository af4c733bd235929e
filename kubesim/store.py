"""What etcd is to a real cluster: objects, one global resourceVersion, and a history for watches."""

from __future__ import annotations

import random
import uuid
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from kubesim.objects import Object, StoreError, clone
from kubesim.scheme import Scheme
from kubesim.simclock import SimClock

__all__ = ("Change", "Key", "Object", "Store", "StoreError", "clone")

Key = tuple[str, str, str]  # kind, namespace ("" where cluster-wide), name


@dataclass(frozen=True, slots=True)
class Change:
    """One committed write. `object` is the new state (the last state for DELETED); `old` the one before."""

    revision: int
    type: str  # ADDED, MODIFIED, DELETED
    kind: str
    object: Object
    old: Object | None

    @property
    def key(self) -> Key:
        meta = self.object["metadata"]
        return self.kind, meta.get("namespace", ""), meta["name"]


class Store:
    """Committed objects must never be changed in place: take a `clone`, change it, and `update`.

    Subscribers are called in order of subscription, synchronously, inside the write; they must not write themselves
    (schedule it with the loop instead).

    Attributes:
        scheme: the kinds whose objects are in it.
    """

    def __init__(self, clock: SimClock, seed: int, history: int = 5000) -> None:
        self.clock = clock
        self.scheme = Scheme()
        self._random = random.Random(f"{seed}/uids")
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._subscribers: list[Callable[[Change], None]] = []
        self._history: deque[Change] = deque(maxlen=history)
        self.revision = 1

    # ---- reading ----

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The committed object itself (do not change it), or None."""
        return self._objects.get(kind, {}).get((namespace, name))

    def list(self, kind: str, namespace: str = "") -> list[Object]:
        """Objects of a kind in a namespace (all where empty), by namespace and name."""
        rows = self._objects.get(kind, {})
        return [rows[k] for k in sorted(rows) if not namespace or k[0] == namespace]

    def kinds(self) -> Collection[str]:
        """Of which there is, or was, an object."""
        return tuple(self._objects)

    # ---- writing ----

    def new_uid(self) -> str:
        """A UID that no object has."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def create(self, kind: str, obj: Object) -> Object:
        """Commit a new object; fills uid (unless it has one), creationTimestamp, generation and resourceVersion.

        Raises:
            StoreError: 409 AlreadyExists.
        """
        obj = clone(obj)
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        rows = self._objects.setdefault(kind, {})
        if key in rows:
            raise StoreError(409, "AlreadyExists", f'{kind} "{meta["name"]}" already exists')
        meta["uid"] = meta.get("uid") or self.new_uid()
        meta["creationTimestamp"] = self.clock.timestamp()
        if self.scheme[kind].generation is not None:
            meta.setdefault("generation", 1)
        self._commit("ADDED", kind, key, obj, None)
        return obj

    def update(self, kind: str, obj: Object) -> Object:
        """Commit a new state of an existing object; bumps generation where that counts; no-op where nothing changed.

        A resourceVersion in `obj` must be the current one.

        Raises:
            StoreError: 404 NotFound, 409 Conflict.
        """
        obj = clone(obj)
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        old = self._objects.get(kind, {}).get(key)
        if old is None:
            raise StoreError(404, "NotFound", f'{kind} "{meta["name"]}" not found')
        asked = meta.get("resourceVersion")
        if asked and asked != old["metadata"]["resourceVersion"]:
            raise StoreError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {kind} "{meta["name"]}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        meta["uid"] = old["metadata"]["uid"]
        meta["creationTimestamp"] = old["metadata"]["creationTimestamp"]
        meta["resourceVersion"] = old["metadata"]["resourceVersion"]
        if "generation" in old["metadata"]:
            counted = self.scheme[kind].generation or _spec
            changed = counted(obj) != counted(old) or (
                "deletionTimestamp" in meta and "deletionTimestamp" not in old["metadata"]
            )
            meta["generation"] = old["metadata"]["generation"] + (1 if changed else 0)
        if obj == old:
            return old
        self._commit("MODIFIED", kind, key, obj, old)
        return obj

    def remove(self, kind: str, namespace: str, name: str) -> Object:
        """Remove an object at once, whatever its finalizers say; see `deletion.py` for what DELETE does.

        Raises:
            StoreError: 404 NotFound.
        """
        old = self._objects.get(kind, {}).get((namespace, name))
        if old is None:
            raise StoreError(404, "NotFound", f'{kind} "{name}" not found')
        obj: Object = clone(old)
        self._commit("DELETED", kind, (namespace, name), obj, old)
        return obj

    def _commit(self, type_: str, kind: str, key: tuple[str, str], obj: Object, old: Object | None) -> None:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        if type_ == "DELETED":
            del self._objects[kind][key]
        else:
            self._objects[kind][key] = obj
        change = Change(self.revision, type_, kind, obj, old)
        self._history.append(change)
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    # ---- watching ----

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back at every commit from now on; returns what ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def changes_since(self, revision: int) -> Sequence[Change]:
        """Changes after a revision.

        Raises:
            StoreError: 410 Expired where the history no longer reaches back so far.
        """
        oldest = self._history[0].revision if self._history else self.revision + 1
        if revision < oldest - 1 and revision < self.revision:
            raise StoreError(410, "Expired", f"too old resource version: {revision} ({oldest})")
        return [c for c in self._history if c.revision > revision]


def _spec(obj: Object) -> Object:
    """What metadata.generation counts where an object that has one is of a kind that counts nothing by itself."""
    return obj.get("spec", {})  # type: ignore[no-any-return]
