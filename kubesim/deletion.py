"""What DELETE does: grace periods, finalizers, propagation (apiserver's registry/generic/registry/store.go).

Pods go in two steps. A DELETE of a pod that runs on a node only sets its deletionTimestamp; the kubelet stops the
containers and deletes once more with a grace period of 0, which removes the object.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kubesim.api.status import bad_request, forbidden, not_found, precondition_failed, resource_of
from kubesim.store import Object, Store, clone

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
_GC_FINALIZERS = {"Orphan": ORPHAN, "Foreground": FOREGROUND, "Background": None}
_KEPT_NAMESPACES = ("default", "kube-system", "kube-public")  # the NamespaceLifecycle admission plugin's
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
    if kind == "Pod":
        return _delete_pod(store, new, grace_s)
    if kind == "Namespace":
        return _delete_namespace(store, new)
    if not new["metadata"].get("finalizers"):
        return store.remove(kind, namespace, name)
    _mark(store, new["metadata"], 0)
    return store.update(kind, new)


def checked(store: Store, kind: str, namespace: str, name: str, *, uid: str = "", resource_version: str = "") -> Object:
    """The object, if it is there, may be deleted and fits the preconditions.

    Raises:
        StoreError: 403 Forbidden for the namespaces of the system; 404 NotFound; 409 Conflict.
    """
    resource = resource_of(kind)
    if kind == "Namespace" and name in _KEPT_NAMESPACES:
        raise forbidden(resource, name, "this namespace may not be deleted")
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
    if old is None or not _is_unblocked(kind, old, obj):
        return store.update(kind, obj)
    asked = meta.get("resourceVersion")
    if asked and asked != old["metadata"]["resourceVersion"]:
        return store.update(kind, obj)  # raises the conflict
    return store.remove(kind, meta.get("namespace", ""), meta["name"])


def _is_unblocked(kind: str, old: Object, new: Object) -> bool:
    meta = old["metadata"]
    if not meta.get("deletionTimestamp") or new["metadata"].get("finalizers"):
        return False
    if kind == "Namespace":
        return not new.get("spec", {}).get("finalizers")
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


def _delete_namespace(store: Store, obj: Object) -> Object:
    held = obj["metadata"].get("finalizers") or obj.get("spec", {}).get("finalizers")
    if obj["metadata"].get("deletionTimestamp") and not held:
        return store.remove("Namespace", "", obj["metadata"]["name"])
    obj["metadata"].setdefault("deletionTimestamp", store.clock.timestamp())
    obj.setdefault("status", {})["phase"] = "Terminating"
    marked = store.update("Namespace", obj)
    return marked if held else store.remove("Namespace", "", obj["metadata"]["name"])


def _grace_of_pod(pod: Object, asked_s: int | None) -> int:
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    grace_s: int = asked_s if asked_s is not None else pod["spec"].get("terminationGracePeriodSeconds", 0)
    return 1 if grace_s < 0 else grace_s


def _delete_pod(store: Store, pod: Object, asked_s: int | None) -> Object:
    meta = pod["metadata"]
    name = (meta.get("namespace", ""), meta["name"])
    pending_s = meta.get("deletionGracePeriodSeconds")
    if meta.get("deletionTimestamp"):
        if pending_s and (asked_s is None or asked_s >= pending_s):
            return store.get("Pod", *name) or pod  # under way, and a grace period can only be shortened
        grace_s = asked_s or 0
        if pending_s:
            due = datetime.strptime(meta["deletionTimestamp"], _TIME).replace(tzinfo=UTC)
            meta["deletionTimestamp"] = (due + timedelta(seconds=grace_s - pending_s)).strftime(_TIME)
    else:
        grace_s = _grace_of_pod(pod, asked_s)
    _mark(store, meta, grace_s)
    marked = store.update("Pod", pod)
    if grace_s > 0 or meta.get("finalizers"):
        return marked
    return store.remove("Pod", *name)
