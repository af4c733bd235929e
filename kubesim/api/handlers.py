"""The verbs: what each request does to the store, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kubesim.api import deletion, eviction, scale
from kubesim.api import patch as patches
from kubesim.api.bodies import (
    check_kind,
    check_place,
    parsed_object,
    parsed_patch,
    patched_by,
    unfit,
)
from kubesim.api.decode import DecodeError, Decoder
from kubesim.api.options import DeleteOptions, ListOptions, WriteOptions
from kubesim.api.reading import Reader
from kubesim.api.registry import Registry
from kubesim.api.selectors import both
from kubesim.api.status import bad_request, invalid, not_found
from kubesim.api.target import Target
from kubesim.api.unmodelled import refusal
from kubesim.fields.causes import invalid_value
from kubesim.kinds.kind import Kind, Resource
from kubesim.store import Object, StoreError

_NO_STRATEGIC = (
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
    "application/merge-patch+json, application/apply-patch+yaml"
)


class Handlers:
    """What requests do, once their latency is over. Everything here happens at one instant.

    `warnings` of a write are those of the request at hand; `created` is whether it made a new object.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store
        self.warnings: list[str] = []
        self._reader = Reader(self._store.scheme, self.warnings)
        self.created = False

    def _kind(self, target: Target) -> Kind:
        return self._store.scheme[target.resource.kind]

    def get(self, target: Target) -> Object:
        """An object, or its Scale.

        Raises:
            StoreError: 404.
        """
        resource = target.resource
        obj = self._store.get(resource.kind, target.namespace, target.name)
        if obj is None:
            raise not_found(resource, target.name)
        return scale.of(obj) if target.subresource == "scale" else {**_type(resource), **obj}

    def unmodelled(self, target: Target) -> StoreError:
        """The refusal of a subresource that kubesim has not."""
        if self._store.get(target.resource.kind, target.namespace, target.name) is None:
            return not_found(target.resource, target.name)
        return StoreError(501, "NotImplemented", refusal(target.subresource, target.name))

    def select(self, target: Target, options: ListOptions) -> list[Object]:
        """The committed objects that the selectors leave.

        Raises:
            StoreError: 400 for a selector that cannot be used, 410 for a version that is over.
        """
        resource = target.resource
        predicate = both(options.labels, self._store.scheme[resource.kind], options.fields)
        version = options.resource_version
        if version and not version.isdigit():
            text = (
                f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax'
            )
            raise bad_request(f"invalid resource version: {text}")
        if options.match == "Exact" and int(version) < self._store.revision:
            raise StoreError(410, "Expired", "The resourceVersion for the provided list is too old.")
        rows = self._store.list(resource.kind, target.namespace)
        if target.name:
            rows = [obj for obj in rows if obj["metadata"]["name"] == target.name]
        return [obj for obj in rows if predicate is None or predicate(obj)]

    def create(self, target: Target, query: Mapping[str, str], body: bytes) -> Object:
        """POST.

        Raises:
            StoreError: 400, 403, 404, 409 or 422.
        """
        options = WriteOptions.read(query, "CreateOptions")
        if target.subresource == "eviction":
            self.created = True
            return self._evict(target, body, options)
        obj = self._reader.read(target.resource, body, options)
        check_place(target, obj)
        return self._make(target, obj, options)

    def replace(self, target: Target, query: Mapping[str, str], body: bytes) -> Object:
        """PUT.

        Raises:
            StoreError: 400, 404, 409 or 422.
        """
        options = WriteOptions.read(query, "UpdateOptions")
        if target.subresource == "scale":
            new = self._reader.read_as(Decoder(scale.DEFINITION), "Scale", parsed_object(body, "Scale"), options)
            check_place(target, new)
            return self._scale(target, new, options)
        obj = self._reader.read(target.resource, body, options)
        check_place(target, obj)
        version = obj["metadata"].get("resourceVersion", "")
        if version and not version.isdigit():
            raise StoreError(500, "", f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if self._kind(target).create_on_update and not target.subresource and not self._exists(target):
            return self._make(target, obj, options)
        return self._update(target, obj, options)

    def _exists(self, target: Target) -> bool:
        return self._store.get(target.resource.kind, target.namespace, target.name) is not None

    def _make(self, target: Target, obj: Object, options: WriteOptions) -> Object:
        made = self._registry.create(target.resource.kind, obj, namespace=target.namespace, dry_run=options.dry_run)
        self.created = True
        self.warnings += self._kind(target).warnings(made)
        return made

    def patch(self, target: Target, query: Mapping[str, str], body: bytes, media_type: str) -> Object:
        """PATCH with a merge, strategic-merge or JSON patch.

        Raises:
            StoreError: 400, 404, 409, 415 or 422.
        """
        options = WriteOptions.read(query, "PatchOptions")
        if media_type == patches.APPLY:
            text = "the sandbox does no server-side apply; use kubectl apply without --server-side, or a merge patch"
            raise StoreError(415, "UnsupportedMediaType", text)
        if media_type == patches.STRATEGIC and self._kind(target).schema is not None:
            raise StoreError(415, "UnsupportedMediaType", _NO_STRATEGIC)
        if media_type not in (patches.MERGE, patches.STRATEGIC, patches.JSON):
            raise StoreError(415, "UnsupportedMediaType", "415: Unsupported Media Type")
        patch = parsed_patch(body, media_type)
        resource = target.resource
        current = self.get(target)
        decoder = Decoder(scale.DEFINITION) if target.subresource == "scale" else self._reader.decoder(resource)
        patched, shown = patched_by(current, patch, media_type, decoder.definition)
        try:
            new = self._reader.read_as(decoder, resource.kind, patched, options, whole=False)
        except DecodeError as exc:
            strategic = media_type == patches.STRATEGIC and exc.go_type
            raise unfit(shown, f"unrecognized type: {exc.go_type}" if strategic else str(exc)) from exc
        check_place(target, new)
        uid = current["metadata"]["uid"]
        if new["metadata"].get("uid", uid) != uid:
            cause = invalid_value("metadata.uid", new["metadata"]["uid"], "field is immutable")
            raise invalid(resource, target.name, [cause])
        return (
            self._scale(target, new, options) if target.subresource == "scale" else self._update(target, new, options)
        )

    def delete(self, target: Target, query: Mapping[str, str], body: bytes) -> Object:
        """DELETE of one object.

        Raises:
            StoreError: 400, 404, 409, 422 or 500.
        """
        options = DeleteOptions.read(query, body)
        resource = target.resource
        if self._kind(target).orphan_warning and options.propagation is None:
            options = replace(options, propagation="Orphan")
            self.warnings.append(self._kind(target).orphan_warning)
        place = (resource.kind, target.namespace, target.name)
        if options.dry_run:
            last = deletion.checked(self._store, *place, uid=options.uid, resource_version=options.resource_version)
            gone = options.propagation not in ("Orphan", "Foreground")
        else:
            last = self._delete(place, options)
            gone = self._store.get(*place) is None
        if not gone or self._kind(target).returned_when_gone:
            return {**_type(resource), **last}
        details = {
            "name": target.name,
            "group": resource.group,
            "kind": resource.plural,
            "uid": last["metadata"]["uid"],
        }
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {key: value for key, value in details.items() if value},
        }

    def delete_collection(self, target: Target, query: Mapping[str, str], body: bytes) -> list[Object]:
        """DELETE of all that the selectors leave.

        Raises:
            StoreError: 400 or 422.
        """
        options = DeleteOptions.read(query, body)
        chosen = self.select(target, ListOptions.read(query))
        if options.dry_run:
            return chosen
        last: list[Object] = []
        for obj in chosen:
            meta = obj["metadata"]
            place = (target.resource.kind, meta.get("namespace", ""), meta["name"])
            last.append({**_type(target.resource), **self._delete(place, options)})
        return last

    def _delete(self, place: tuple[str, str, str], options: DeleteOptions) -> Object:
        return deletion.delete(
            self._store,
            *place,
            grace_s=options.grace_s,
            propagation=options.propagation,
            uid=options.uid,
            resource_version=options.resource_version,
        )

    def _update(self, target: Target, obj: Object, options: WriteOptions) -> Object:
        kind = target.resource.kind
        new = self._registry.update(kind, obj, subresource=target.subresource, dry_run=options.dry_run)
        self.warnings += self._kind(target).warnings(new)
        return new

    def _evict(self, target: Target, body: bytes, options: WriteOptions) -> Object:
        parsed = parsed_object(body, "Eviction")
        # Both versions are taken, and whatever else it is must be told apart by its kind.
        accepted = parsed.get("kind") != "Eviction" or parsed.get("apiVersion") == "policy/v1beta1"
        checked = {**parsed, "apiVersion": eviction.RESOURCE.api_version} if accepted else parsed
        check_kind(eviction.RESOURCE, checked, self._store.scheme)
        obj = self._reader.read_as(Decoder(eviction.DEFINITION), "Eviction", parsed, options)
        if obj["metadata"].setdefault("namespace", target.namespace) != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        return eviction.evict(self._store, target.namespace, target.name, obj, dry_run=options.dry_run)

    def _scale(self, target: Target, new: Object, options: WriteOptions) -> Object:
        workload = self._store.get(target.resource.kind, target.namespace, target.name)
        if workload is None:
            raise not_found(target.resource, target.name)
        scaled = scale.scaled(workload, new)
        return scale.of(self._registry.update(target.resource.kind, scaled, dry_run=options.dry_run))


def _type(resource: Resource) -> Object:
    return {"kind": resource.kind, "apiVersion": resource.api_version}
