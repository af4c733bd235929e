"""OpenAPI v3: the types, and paths that say which query parameters a write understands: kubectl asks first. No v2."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from kubesim.api.schema import definitions, name_of
from kubesim.kinds.kind import Kind, Resource, Schema
from kubesim.release import KUBERNETES, MINOR
from kubesim.scheme import Scheme
from kubesim.store import Object

_REF = "#/components/schemas/"
_GVK = "x-kubernetes-group-version-kind"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
V2_MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
# An OpenAPI v2 Document in protobuf, of swagger 2.0 and a title alone. kubectl falls back to v2 for kinds that v3 lacks
# and takes such a kind for one that cannot be validated, so that it goes on to say that the server has no such kind.
V2_DOCUMENT = b"\x0a\x032.0\x12\x0c\x0a\x0aKubernetes"
_VERBS = (("get", "get"), ("put", "put"), ("patch", "patch"), ("delete", "delete"))


def index(scheme: Scheme, prefix: str = "") -> Object:
    """``/openapi/v3``; `prefix` is what stands before all of this client's paths."""
    paths = sorted({_path(kind.resource) for kind in scheme})
    return {"paths": {path: {"serverRelativeURL": f"{prefix}/openapi/v3/{path}?hash={MINOR}"} for path in paths}}


def document(path: str, scheme: Scheme) -> Object | None:
    """The document of a group and version, such as ``apis/apps/v1``; None where there is none."""
    ours = tuple(kind for kind in scheme if _path(kind.resource) == path)
    if any(kind.schema is not None for kind in ours):
        return _document(path, tuple(kind.resource for kind in ours), _schemas(ours))
    return _published(path, tuple(kind.resource for kind in ours)) if ours else None


def _path(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


@cache
def _published(path: str, ours: tuple[Resource, ...]) -> Object:
    return _document(path, ours, {})


def _schemas(kinds: Iterable[Kind]) -> dict[str, Schema]:
    """The types of kinds that bring their own, and of lists of them, by name."""
    found: dict[str, Schema] = {}
    meta = {"$ref": _REF + "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    for kind in kinds:
        if kind.schema is not None:
            gvk = {"group": kind.resource.group, "version": kind.resource.version}
            name, text = _own_name(kind.resource, kind.resource.kind), {"type": "string"}
            properties = {**kind.schema.get("properties", {}), "apiVersion": text, "kind": text, "metadata": meta}
            this = [{**gvk, "kind": kind.resource.kind}]
            found[name] = {**kind.schema, "properties": properties, _GVK: this}
            items = {"items": {"type": "array", "items": {"$ref": _REF + name}}}
            found[f"{name}List"] = {
                "type": "object",
                "properties": items,
                _GVK: [{**gvk, "kind": f"{this[0]['kind']}List"}],
            }
    return found


def _own_name(resource: Resource, kind: str) -> str:
    return ".".join((*reversed(resource.group.split(".")), resource.version, kind))


def _document(path: str, ours: tuple[Resource, ...], own: dict[str, Schema]) -> Object:
    paths: dict[str, Any] = {}
    used: set[str] = set()
    for resource in ours:
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        collection = f"/{path}{scope}/{resource.plural}"
        is_own = _own_name(resource, resource.kind) in own
        one, many = (
            _own_name(resource, kind) if is_own else name_of(resource.group, resource.version, kind)
            for kind in (resource.kind, f"{resource.kind}List")
        )
        used |= {one, many}
        paths[collection] = {"get": _operation(resource, "list", many), "post": _operation(resource, "post", one)}
        paths[collection + "/{name}"] = {method: _operation(resource, action, one) for method, action in _VERBS}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes (simulated)", "version": KUBERNETES},
        "paths": paths,
        "components": {"schemas": _reachable(used, {**definitions(), **own})},
    }


def _reachable(names: Iterable[str], known: dict[str, Schema]) -> dict[str, Schema]:
    """Types, and all that they are made of."""
    found: dict[str, Schema] = {}
    waiting: list[Any] = [{"$ref": _REF + name} for name in names]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            name = one.get("$ref")
            if isinstance(name, str) and name.startswith(_REF) and (name := name.removeprefix(_REF)) not in found:
                found[name] = known[name]
                waiting.append(known[name])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return dict(sorted(found.items()))


def _operation(resource: Resource, action: str, answer: str) -> Object:
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    reference = {"$ref": _REF + answer}
    content = {"application/json": {"schema": reference}}
    operation: Object = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
        "responses": {"200": {"description": "OK", "content": content}},
    }
    if action in ("post", "put", "patch"):
        operation["parameters"] = _PARAMETERS
        operation["requestBody"] = {"content": {"*/*": {"schema": reference}}}
    return operation
