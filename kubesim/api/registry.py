"""Creating and changing objects as the API server does: defaults, admission, allocation, validation, then the store.

HTTP handlers and in-process callers take the same way, so that nothing in the simulated cluster has an object that a
real server would have refused. All of it is synchronous: an operation happens at one instant.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api import admission, deletion, validation
from kubesim.api.allocation import Allocator
from kubesim.api.custom import DEFINITION, CustomKinds
from kubesim.api.status import already_exists, conflict, invalid, not_found, unconditional
from kubesim.fields.causes import Cause
from kubesim.kinds.kind import Kind, Resource
from kubesim.model import Model
from kubesim.store import Object, Store, StoreError, clone

_SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
               "managedFields", "selfLink")  # fmt: skip
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


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
        self._custom: CustomKinds | None = None
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
        found = self.store.scheme[kind]
        resource = found.resource
        if kind == DEFINITION and self._custom is None:
            self._custom = CustomKinds(self.store)  # most servers never see one, and need not look at each change
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
        admission.check_namespace(self.store, resource, meta)
        defaulted(found, obj, new=True)
        admission.mutate(self.store, found, obj)
        found.prepare(obj, self.store.new_uid)
        for webhook in self.webhooks:
            webhook(kind, obj)
            defaulted(found, obj, new=True)
        causes = validation.new_object(found, obj)
        if found.has_addresses and not causes:
            causes = self._allocator.service(obj, dry_run=dry_run)
        if causes:
            raise invalid(resource, meta.get("name", ""), causes)
        found.canonicalize(obj)
        admission.validate(self.store, found, obj, dry_run=dry_run)
        if self.store.get(kind, meta.get("namespace", ""), meta["name"]) is not None:
            raise already_exists(resource, meta["name"])
        return _as_if_created(self.store, obj) if dry_run else self.store.create(kind, obj)

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
        found = self.store.scheme[kind]
        resource = found.resource
        meta = obj["metadata"]
        name = meta["name"]
        old = self.store.get(kind, meta.get("namespace", ""), name)
        if old is None:
            raise not_found(resource, name)
        _check_preconditions(found, meta, old["metadata"])
        new = _merged(resource, old, clone(obj), subresource)
        causes: list[Cause] = []
        if not subresource:
            defaulted(found, new, new=False)
            found.prepare_update(old, new)
            admission.check_update(found, old, new)
            causes = validation.changed_object(found, old, new)
            if found.has_addresses and not causes:
                causes = self._allocator.service(new, dry_run=dry_run)
        elif subresource == "status":
            causes = list(found.validate_status(new))
        if causes:
            raise invalid(resource, name, causes)
        return new if dry_run else deletion.update(self.store, kind, new)


def _check_preconditions(kind: Kind, asked: Object, found: Object) -> None:
    """An update's metadata must fit that of the object."""
    resource, name = kind.resource, found["name"]
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
    if not version and not kind.unconditional_update:
        raise unconditional(resource, name)


def defaulted(kind: Kind, obj: Object, *, new: bool) -> None:
    """Fill in defaults, in place; a new object gets the status that it starts with, too."""
    if kind.has_spec and "spec" not in obj:
        obj["spec"] = {}
    kind.defaults(obj)
    if not new or kind.status_at_create:
        return
    if kind.initial_status is not None:
        obj["status"] = kind.initial_status(obj)
    elif "status" in kind.resource.subresources:
        obj.pop("status", None)


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
    if "status" in resource.subresources:
        own = subresource == "status"
        kept = [key for key in {*old, *new} if key not in ("kind", "apiVersion", "metadata")]
        for key in kept:
            if own != (key == "status"):
                new.pop(key, None)
                if key in old:
                    new[key] = clone(old[key])
    return new
