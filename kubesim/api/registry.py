"""Creating and changing objects as the API server does: defaults, admission, allocation, validation, then the store.

HTTP handlers and in-process callers take the same way, so that nothing in the sandbox has an object that a real server
would have refused. All of it is synchronous: an operation happens at one instant.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim import deletion
from kubesim.api import (
    defaults,
    job_validation,
    limit_range,
    pod_admission,
    pod_defaults,
    quota,
    service_update,
    validation,
)
from kubesim.api.allocation import Allocator
from kubesim.api.status import (
    Cause,
    already_exists,
    conflict,
    forbidden,
    invalid,
    not_found,
    resource_of,
    unconditional,
)
from kubesim.model import Model
from kubesim.resources import Resource
from kubesim.store import Object, Store, StoreError, clone

_SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
               "managedFields", "selfLink")  # fmt: skip
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
# Their status is written with the rest of the object: nodes register themselves with it.
_STATUS_AT_CREATE = ("Node",)
# Kinds whose updates must carry a resourceVersion (AllowUnconditionalUpdate of their strategies).
_CONDITIONAL = ("Lease", "PodDisruptionBudget")
_DEFAULT_STORAGE_CLASS = "standard"  # what kind and realk8s call theirs


class Registry:
    """The API server's write path.

    Args:
        model: where names and addresses are drawn from.
        dual_stack: whether pods, and the services that prefer it, have an IPv6 address beside an IPv4 one.

    Attributes:
        webhooks: called with the kind and each object that is created; they may change it, or raise to refuse it.
        on_demand: by kind, what is called before a request for it is answered: its objects are made only then.
    """

    def __init__(self, store: Store, model: Model, *, dual_stack: bool = False) -> None:
        self.store = store
        self.dual_stack = dual_stack
        self.webhooks: list[Callable[[str, Object], None]] = []
        self.on_demand: dict[str, Callable[[], None]] = {}
        self._allocator = Allocator(
            store,
            model.rng("service_addresses"),
            model.rng("node_ports"),
            model.rng("generated_names"),
            dual_stack=dual_stack,
        )

    def create(self, kind: str, obj: Object, *, namespace: str = "", dry_run: bool = False) -> Object:
        """Create an object with defaults filled in.

        Args:
            kind: such as ``Pod``.
            obj: stays as it is.
            namespace: where `obj` names none.
            dry_run: everything but the commit.

        Returns:
            The committed object (do not change it).

        Raises:
            StoreError: 400, 403 (the namespace is terminating), 404 (no such namespace), 409 or 422.
        """
        resource = resource_of(kind)
        obj = clone(obj)
        obj = {"kind": kind, "apiVersion": resource.api_version, **obj}
        meta = obj.setdefault("metadata", {})
        if meta.get("resourceVersion") and not dry_run:
            raise StoreError(500, "", "resourceVersion should not be set on objects to be created")
        for field in (*_SERVER_SET, "resourceVersion"):
            meta.pop(field, None)
        if resource.namespaced:
            meta["namespace"] = meta.get("namespace") or namespace or "default"
        else:
            meta.pop("namespace", None)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = self._allocator.name(meta["generateName"])
        self._admit(resource, meta)
        defaulted(kind, obj, new=True)
        self._prepare(kind, obj)
        for webhook in self.webhooks:
            webhook(kind, obj)
            defaulted(kind, obj, new=True)
        causes = validation.new_object(kind, obj)
        if kind == "Service" and not causes:
            causes = self._allocator.service(obj, dry_run=dry_run)
        if causes:
            raise invalid(resource, meta.get("name", ""), causes)
        if kind == "Job":
            job_validation.copy_labels(obj)
        self._validating_admission(resource, obj, dry_run=dry_run)
        if self.store.get(kind, meta.get("namespace", ""), meta["name"]) is not None:
            raise already_exists(resource, meta["name"])
        return _as_if_created(self.store, obj) if dry_run else self.store.create(kind, obj)

    def _validating_admission(self, resource: Resource, obj: Object, *, dry_run: bool) -> None:
        """Raises StoreError (403) for what limits or quotas of the namespace forbid."""
        if resource.namespaced and resource.kind != "Event":
            if resource.kind in ("Pod", "PersistentVolumeClaim"):
                limit_range.check(self.store, resource, obj)
            quota.admit(self.store, resource, obj, dry_run=dry_run)

    def _prepare(self, kind: str, obj: Object) -> None:
        """What admission and the kind's own strategy do before validation, in place.

        Raises:
            StoreError: 403.
        """
        if kind == "Pod":
            pod_admission.admit(obj)
            limit_range.apply(self.store, obj)
        elif kind == "LimitRange" and not obj["metadata"].get("name"):
            obj["metadata"]["name"] = self.store.new_uid()  # as the real server calls one without a name
        elif kind == "Job":
            obj["metadata"]["uid"] = self.store.new_uid()
            job_validation.generate_selector(obj)

    def update(self, kind: str, obj: Object, *, subresource: str = "", dry_run: bool = False) -> Object:
        """Replace an object's state, or its status alone.

        Args:
            kind: such as ``Pod``.
            obj: the new state; stays as it is. A resourceVersion in it must be the current one.
            subresource: empty, ``status`` or ``finalize``.
            dry_run: everything but the commit.

        Returns:
            The committed object; its last state where the update ended a pending deletion.

        Raises:
            StoreError: 403 (a claim that is to grow), 404, 409 or 422.
        """
        resource = resource_of(kind)
        meta = obj["metadata"]
        name = meta["name"]
        old = self.store.get(kind, meta.get("namespace", ""), name)
        if old is None:
            raise not_found(resource, name)
        _check_preconditions(resource, meta, old["metadata"])
        new = _merged(resource, old, clone(obj), subresource)
        causes: list[Cause] = []
        if not subresource:
            defaulted(kind, new, new=False)
            if kind == "Service":
                service_update.carry_over(old, new)
            if kind == "PersistentVolumeClaim":
                _admit_resize(resource, old, new)
            causes = validation.changed_object(kind, old, new)
            if kind == "Service" and not causes:
                causes = self._allocator.service(new, dry_run=dry_run)
        elif subresource == "status":
            causes = validation.changed_status(kind, new)
        if causes:
            raise invalid(resource, name, causes)
        return new if dry_run else deletion.update(self.store, kind, new)

    def _admit(self, resource: Resource, meta: Object) -> None:
        """The NamespaceLifecycle admission plugin."""
        if not resource.namespaced:
            return
        name = meta["namespace"]
        namespace = self.store.get("Namespace", "", name)
        if namespace is None:
            raise not_found(resource_of("Namespace"), name)
        if namespace["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {name} because it is being terminated"
            cause = Cause("NamespaceTerminating", f"namespace {name} is being terminated", "metadata.namespace")
            raise forbidden(resource, meta.get("name", ""), why, [cause])


def _check_preconditions(resource: Resource, asked: Object, found: Object) -> None:
    """An update's metadata must fit that of the object."""
    name = found["name"]
    if asked.get("uid") and asked["uid"] != found["uid"]:
        place = "/".join(filter(None, (resource.plural, found.get("namespace"), name)))
        why = (
            f"StorageError: invalid object, Code: 4, Key: /registry/{place}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {asked['uid']}, UID in object meta: {found['uid']}"
        )
        raise conflict(resource, name, why)
    version = asked.get("resourceVersion")
    if version and version != found["resourceVersion"]:
        raise conflict(resource, name, _MODIFIED)
    if not version and resource.kind in _CONDITIONAL:
        raise unconditional(resource, name)


def _admit_resize(resource: Resource, old: Object, new: Object) -> None:
    """The PersistentVolumeClaimResize admission plugin; the sandbox's storage class cannot expand, as realk8s's."""
    bound = old.get("status", {}).get("phase") == "Bound"
    if bound and validation.requested_storage(new) > validation.requested_storage(old):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc "
            "must support resize"
        )
        raise forbidden(resource, old["metadata"]["name"], why)


def defaulted(kind: str, obj: Object, *, new: bool) -> None:
    """Fill in defaults, in place. An object without the spec that it needs is left to validation."""
    if kind not in ("Namespace", "EndpointSlice") and "spec" not in obj and kind in _NEED_SPEC:
        obj["spec"] = {}
    defaults.set_defaults(kind, obj)
    if new and kind not in _STATUS_AT_CREATE:
        defaults.initial_status(kind, obj)
    if new and kind == "Pod":
        pod_defaults.service_account(obj["spec"])
    if new and kind == "PersistentVolumeClaim":
        obj["spec"].setdefault("storageClassName", _DEFAULT_STORAGE_CLASS)


_NEED_SPEC = (
    "LimitRange",
    "ResourceQuota",
    "Job",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "Service",
    "StatefulSet",
    "Deployment",
    "ReplicaSet",
    "PersistentVolumeClaim",
    "PersistentVolume",
)


def _as_if_created(store: Store, obj: Object) -> Object:
    meta = obj["metadata"]
    return {**obj, "metadata": {**meta, "creationTimestamp": store.clock.timestamp()}}


def _merged(resource: Resource, old: Object, new: Object, subresource: str) -> Object:
    """The new state: what this endpoint may write from `new`, the rest from `old`."""
    meta, before = new["metadata"], old["metadata"]
    for field in (*_SERVER_SET, "resourceVersion"):
        meta.pop(field, None)
        if field in before:
            meta[field] = before[field]
    new = {**new, "kind": resource.kind, "apiVersion": resource.api_version}
    if resource.kind == "Namespace" and not subresource:
        new["spec"] = clone(old["spec"])  # finalizers go through /finalize
    if "status" in resource.subresources:
        own = subresource == "status"
        kept = [key for key in {*old, *new} if key not in ("kind", "apiVersion", "metadata")]
        for key in kept:
            if own != (key == "status"):
                new.pop(key, None)
                if key in old:
                    new[key] = clone(old[key])
    return new
