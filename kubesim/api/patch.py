"""PATCH: its media types, merge patches (RFC 7386) and JSON patches (RFC 6902). See `strategic_patch` for the third."""

from __future__ import annotations

from typing import Any

from kubesim.api.decode import go_kind
from kubesim.api.status import bad_request
from kubesim.store import Object, StoreError, clone

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


def merge(original: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    out = dict(original) if isinstance(original, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


def json_patch(original: Object, operations: Any) -> Any:
    """RFC 6902.

    Raises:
        StoreError: 400 for what is no patch, 422 for one that cannot be applied.
    """
    _check_operations(operations)
    document: Any = clone(original)
    try:
        for operation in operations or ():
            document = _apply(document, operation)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as exc:
        text = "the server rejected our request due to an error in our request"
        raise StoreError(422, "Invalid", text) from exc
    return document


def _check_operations(operations: Any) -> None:
    """Types alone; null stands for what a Go value is before it is set.

    Raises:
        StoreError: 400.
    """
    prefix = "error decoding patch: json: cannot unmarshal"
    if not isinstance(operations, list | None):
        raise bad_request(f"{prefix} {go_kind(operations)} into Go value of type []handlers.jsonPatchOp")
    for operation in operations or ():
        if not isinstance(operation, dict | None):
            raise bad_request(f"{prefix} {go_kind(operation)} into Go value of type handlers.jsonPatchOp")
        for field in ("op", "path", "from"):
            value = (operation or {}).get(field)
            if not isinstance(value, str | None):
                raise bad_request(f"{prefix} {go_kind(value)} into Go struct field jsonPatchOp.{field} of type string")


def _apply(document: Any, operation: Object) -> Any:
    kind, path = operation["op"], _pointer(operation["path"])
    if kind == "test":
        if _at(document, path) != operation.get("value"):
            raise ValueError("test failed")
        return document
    if kind == "remove":
        _remove(document, path)
        return document
    if kind == "move":
        source = _pointer(operation["from"])
        value = _at(document, source)
        _remove(document, source)
        return _put(document, path, value, insert=True)
    if kind == "copy":
        return _put(document, path, clone(_at(document, _pointer(operation["from"]))), insert=True)
    if kind in ("add", "replace"):
        return _put(document, path, operation["value"], insert=kind == "add")
    raise ValueError(kind)


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _step(document: Any, key: str) -> Any:
    return document[int(key)] if isinstance(document, list) else document[key]


def _at(document: Any, path: list[str]) -> Any:
    for key in path:
        document = _step(document, key)
    return document


def _remove(document: Any, path: list[str]) -> None:
    parent = _at(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]


def _put(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent, key = _at(document, path[:-1]), path[-1]
    if isinstance(parent, list) and insert:
        index = len(parent) if key == "-" else int(key)
        if not 0 <= index <= len(parent):
            raise IndexError(key)
        parent.insert(index, value)
    elif isinstance(parent, list):
        parent[int(key)] = value
    else:
        parent[key] = value
    return document
