"""A cluster's objects, read and deleted in this process; `Cluster` has these as methods."""

from __future__ import annotations

from kubesim.api import deletion
from kubesim.errors import SimulationError
from kubesim.store import Object, Store, StoreError, clone


def get(store: Store, kind: str, name: str, namespace: str) -> Object | None:
    """A copy of an object; None where there is none.

    Raises:
        SimulationError: there is no such kind.
    """
    found: Object | None = clone(store.get(kind, _place(store, kind, namespace), name))
    return found


def objects(store: Store, kind: str, namespace: str) -> list[Object]:
    """Copies of the objects of a kind, by name; of all namespaces where that is empty.

    Raises:
        SimulationError: there is no such kind.
    """
    return [clone(found) for found in store.list(kind, _place(store, kind, namespace))]


def delete(store: Store, kind: str, name: str, namespace: str, *, grace_s: int | None, propagation: str) -> None:
    """What a DELETE request does.

    Raises:
        SimulationError: there is no such kind or object, or it may not be deleted.
    """
    place = _place(store, kind, namespace)
    try:
        deletion.delete(store, kind, place, name, grace_s=grace_s, propagation=propagation or None)
    except StoreError as exc:
        raise SimulationError(exc.message) from exc


def _place(store: Store, kind: str, namespace: str) -> str:
    """The namespace in which objects of a kind are kept: none for kinds that are cluster-wide."""
    known = store.scheme.get(kind)
    if known is not None:
        return namespace if known.resource.namespaced else ""
    word = kind.lower()
    meant = [one.resource for one in store.scheme]
    hint = next((r.kind for r in meant if word in r.words), "")
    raise SimulationError(
        f"the simulated cluster has no kind {kind!r}",
        hint=f"write {hint!r}" if hint else f"it has {', '.join(sorted(r.kind for r in meant))}",
    )
