"""OpenAPI v3: the types, and paths that say which query parameters a write understands: kubectl asks first. No v2."""

from __future__ import annotations

from functools import cache
from typing import Any

from kubesim.api.schema import definitions, name_of
from kubesim.kinds.kind import Resource
from kubesim.release import KUBERNETES, MINOR
from kubesim.scheme import Scheme
from kubesim.store import Object

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
    ours = tuple(kind.resource for kind in scheme if _path(kind.resource) == path)
    return _document(path, ours) if ours else None


def _path(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


@cache
def _document(path: str, ours: tuple[Resource, ...]) -> Object:
    paths: dict[str, Any] = {}
    for resource in ours:
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        collection = f"/{path}{scope}/{resource.plural}"
        paths[collection] = {
            "get": _operation(resource, "list", f"{resource.kind}List"),
            "post": _operation(resource, "post", resource.kind),
        }
        paths[collection + "/{name}"] = {
            method: _operation(resource, action, resource.kind) for method, action in _VERBS
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes (simulated)", "version": KUBERNETES},
        "paths": paths,
        "components": {"schemas": definitions()},
    }


def _operation(resource: Resource, action: str, answer: str) -> Object:
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    reference = {"$ref": "#/components/schemas/" + name_of(resource.group, resource.version, answer)}
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
