"""What DELETE does: grace periods, finalizers, propagation (apiserver's registry/generic/registry/store.go).

Pods go in two steps. A DELETE of a pod that runs on a node only sets its deletionTimestamp; the kubelet stops the
containers and deletes once more with a grace period of 0, which removes the object.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from kubesim.api.status import bad_request, forbidden, not_found, precondition_failed
from kubesim.kinds.kind import Kind
from kubesim.store import Object, Store, clone

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_GC_FINALIZERS = {"Orphan": ORPHAN, "Foreground": FOREGROUND, "Background": None}
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def delete(
    store: Store,
    kind: str,
    namespace: str,
    name: str,
    *,
    grace_s: int | None = None,
    propagation: str | None = None,
    uid: str = "",
    resource_version: str = "",
) -> Object:
    """Delete an object as far as can be done now.

    Args:
        store: where it is.
        kind: such as ``Pod``.
        namespace: empty for kinds that are cluster-wide.
        name: the object's.
        grace_s: seconds until a pod's containers are killed; None for the pod's own.
        propagation: ``Background`` (also when None), ``Foreground`` or ``Orphan``: what becomes of the dependents.
        uid: precondition; the object must have this UID.
        resource_version: precondition; the object must be at this version.

    Returns:
        The object's last state. It is gone if the store no longer has it.

    Raises:
        StoreError: 403 and 409 as `checked`; 404 NotFound; 400 for an unknown propagation.
    """
    obj = checked(store, kind, namespace, name, uid=uid, resource_version=resource_version)
    if propagation is not None and propagation not in _GC_FINALIZERS:
        raise bad_request(f"invalid deletion propagation policy {propagation!r}")
    new = clone(obj)
    _set_collector_finalizer(new, propagation)
    found = store.scheme[kind]
    if found.grace_s is not None:
        return _delete_gracefully(store, kind, new, grace_s, found.grace_s)
    if found.is_held is not None:
        return _delete_held(store, found, new)
    if not new["metadata"].get("finalizers"):
        return store.remove(kind, namespace, name)
    _mark(store, new["metadata"], 0)
    return store.update(kind, new)


def checked(store: Store, kind: str, namespace: str, name: str, *, uid: str = "", resource_version: str = "") -> Object:
    """The object, if it is there, may be deleted and fits the preconditions.

    Raises:
        StoreError: 403 Forbidden for what belongs to the system; 404 NotFound; 409 Conflict.
    """
    resource = store.scheme[kind].resource
    if name in store.scheme[kind].undeletable:
        raise forbidden(resource, name, f"this {resource.kind.lower()} may not be deleted")
    obj = store.get(kind, namespace, name)
    if obj is None:
        raise not_found(resource, name)
    meta = obj["metadata"]
    for what, asked, found, hint in (
        ("UID", uid, meta["uid"], "The object might have been deleted and then recreated"),
        ("ResourceVersion", resource_version, meta["resourceVersion"], "The object might have been modified"),
    ):
        if asked and asked != found:
            why = f"the {what} in the precondition ({asked}) does not match the {what} in record ({found}). {hint}"
            raise precondition_failed(resource, name, why)
    return obj


def update(store: Store, kind: str, obj: Object) -> Object:
    """`store.update`, which removes a terminating object instead when it takes away what still held it.

    Raises:
        StoreError: as `store.update`.
    """
    meta = obj["metadata"]
    old = store.get(kind, meta.get("namespace", ""), meta["name"])
    if old is None or not _is_unblocked(store.scheme[kind], old, obj):
        return store.update(kind, obj)
    asked = meta.get("resourceVersion")
    if asked and asked != old["metadata"]["resourceVersion"]:
        return store.update(kind, obj)  # raises the conflict
    return store.remove(kind, meta.get("namespace", ""), meta["name"])


def _is_unblocked(kind: Kind, old: Object, new: Object) -> bool:
    meta = old["metadata"]
    if not meta.get("deletionTimestamp") or new["metadata"].get("finalizers"):
        return False
    if kind.is_held is not None:
        return not kind.is_held(new)
    return not meta.get("deletionGracePeriodSeconds")


def _set_collector_finalizer(obj: Object, propagation: str | None) -> None:
    if propagation is None:
        return
    meta = obj["metadata"]
    kept = [f for f in meta.get("finalizers", ()) if f not in (ORPHAN, FOREGROUND)]
    wanted = _GC_FINALIZERS[propagation]
    kept += [wanted] if wanted else []
    if kept:
        meta["finalizers"] = kept
    else:
        meta.pop("finalizers", None)


def _mark(store: Store, meta: Object, grace_s: int) -> None:
    if not meta.get("deletionTimestamp"):
        meta["deletionTimestamp"] = store.clock.timestamp(grace_s)
    meta["deletionGracePeriodSeconds"] = grace_s


def _delete_held(store: Store, kind: Kind, obj: Object) -> Object:
    """An object that something else than finalizers may hold: it has no grace period, only a time."""
    meta = obj["metadata"]
    place = kind.resource.kind, meta.get("namespace", ""), meta["name"]
    held = meta.get("finalizers") or (kind.is_held is not None and kind.is_held(obj))
    if meta.get("deletionTimestamp") and not held:
        return store.remove(*place)
    meta.setdefault("deletionTimestamp", store.clock.timestamp())
    kind.mark_terminating(obj)
    marked = store.update(kind.resource.kind, obj)
    return marked if held else store.remove(*place)


def _delete_gracefully(
    store: Store, kind: str, obj: Object, asked_s: int | None, grace_s_of: Callable[[Object, int | None], int]
) -> Object:
    meta = obj["metadata"]
    name = (meta.get("namespace", ""), meta["name"])
    pending_s = meta.get("deletionGracePeriodSeconds")
    if meta.get("deletionTimestamp"):
        if pending_s and (asked_s is None or asked_s >= pending_s):
            return store.get(kind, *name) or obj  # under way, and a grace period can only be shortened
        grace_s = asked_s or 0
        if pending_s:
            due = datetime.strptime(meta["deletionTimestamp"], _TIME).replace(tzinfo=UTC)
            meta["deletionTimestamp"] = (due + timedelta(seconds=grace_s - pending_s)).strftime(_TIME)
    else:
        grace_s = grace_s_of(obj, asked_s)
    _mark(store, meta, grace_s)
    marked = store.update(kind, obj)
    if grace_s > 0 or meta.get("finalizers"):
        return marked
    return store.remove(kind, *name)
