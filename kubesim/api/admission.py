"""The admission plugins: what the server adds to objects, or refuses, because of other objects.

Unlike a kind, a plugin is about several kinds at once, so that each names those that it is about.
"""

from __future__ import annotations

from kubesim.api import limit_ranger, pod_admission, quota
from kubesim.api.status import forbidden, not_found
from kubesim.fields.causes import Cause
from kubesim.fields.claim_spec import requested_storage
from kubesim.kinds.kind import Kind, Resource
from kubesim.store import Object, Store

_DEFAULT_STORAGE_CLASS = "standard"  # what kind and realk8s call theirs


def check_namespace(store: Store, resource: Resource, meta: Object) -> None:
    """The NamespaceLifecycle plugin.

    Raises:
        StoreError: 404 where the namespace is not there, 403 where it is terminating.
    """
    if not resource.namespaced:
        return
    name = meta["namespace"]
    namespace = store.get("Namespace", "", name)
    if namespace is None:
        raise not_found(store.scheme["Namespace"].resource, name)
    if namespace["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {name} because it is being terminated"
        cause = Cause("NamespaceTerminating", f"namespace {name} is being terminated", "metadata.namespace")
        raise forbidden(resource, meta.get("name", ""), why, [cause])


def mutate(store: Store, kind: Kind, obj: Object) -> None:
    """What is added to a new object, in place.

    Raises:
        StoreError: 403.
    """
    if kind.resource.kind == "Pod":
        pod_admission.admit(store, obj)
        limit_ranger.apply(store, obj)
    elif kind.resource.kind == "PersistentVolumeClaim":
        obj["spec"].setdefault("storageClassName", _DEFAULT_STORAGE_CLASS)


def validate(store: Store, kind: Kind, obj: Object, *, dry_run: bool) -> None:
    """What limits and quotas of the namespace forbid in a new object.

    Raises:
        StoreError: 403.
    """
    if kind.resource.namespaced and kind.is_counted:
        if kind.resource.kind in ("Pod", "PersistentVolumeClaim"):
            limit_ranger.check(store, kind.resource, obj)
        quota.admit(store, kind, obj, dry_run=dry_run)


def check_update(kind: Kind, old: Object, new: Object) -> None:
    """The PersistentVolumeClaimResize plugin; the simulated cluster's storage class cannot expand, as realk8s's.

    Raises:
        StoreError: 403.
    """
    if kind.resource.kind != "PersistentVolumeClaim":
        return
    bound = old.get("status", {}).get("phase") == "Bound"
    if bound and requested_storage(new) > requested_storage(old):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
            "must support resize"
        )
        raise forbidden(kind.resource, old["metadata"]["name"], why)
