"""Bodies of requests: read, checked against the URL, and patches applied; refusals in the real server's words."""

from __future__ import annotations

import json
from typing import Any

from kubesim.api import eviction, protobuf, scale, strategic_patch
from kubesim.api import patch as patches
from kubesim.api.decode import go_kind, parse
from kubesim.api.schema import name_of
from kubesim.api.status import bad_request
from kubesim.api.target import Target
from kubesim.fields.causes import invalid_value
from kubesim.kinds.kind import Resource
from kubesim.scheme import Scheme
from kubesim.store import Object, StoreError

_JSON = "application/json"
_INTERNAL_GROUP = {"": "core"}


def as_json(target: Target, body: bytes, media_type: str, *, custom: bool = False) -> bytes:
    """A whole object's body as JSON. Objects of `custom` kinds are never sent in protobuf.

    Raises:
        StoreError: 415 for other media types; 400 for protobuf that cannot be read.
    """
    if media_type in (_JSON, "application/octet-stream"):  # the latter is aiohttp's for none at all
        return body
    if custom or media_type != protobuf.MEDIA_TYPE:
        listed = _JSON if custom else f"{_JSON}, {protobuf.MEDIA_TYPE}"
        text = f"the body of the request was in an unknown format - accepted media types include: {listed}"
        raise StoreError(415, "UnsupportedMediaType", text)
    resource = target.resource
    if target.subresource == "scale":
        return protobuf_to_json(body, scale.DEFINITION)
    if target.subresource == "eviction":
        return protobuf_to_json(body, eviction.DEFINITION)
    return protobuf_to_json(body, name_of(resource.group, resource.version, resource.kind))


def protobuf_to_json(body: bytes, definition: str) -> bytes:
    """The same body in JSON; an empty one stays empty.

    Raises:
        StoreError: 400.
    """
    return json.dumps(protobuf.decode(body, definition)).encode() if body else body


def parsed_object(body: bytes, kind: str) -> Any:
    text = body.decode(errors="replace")
    try:
        parsed = parse(text)
    except ValueError as exc:
        shown = text or "<empty>"
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
            f"json parse error: {_syntax_error(text)} ({shown})"
        ) from exc
    if not isinstance(parsed, dict):
        go = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
        raise bad_request(
            f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
            f"json parse error: json: cannot unmarshal {go_kind(parsed)} into Go value of type {go} ({body.hex()})"
        )
    for field in ("apiVersion", "kind"):
        if not isinstance(parsed.get(field, ""), str | None):
            why = f"json: cannot unmarshal {go_kind(parsed[field])} into Go struct field .{field} of type string"
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; "
                f"json parse error: {why}"
            )
    return parsed


def check_kind(resource: Resource, parsed: Object, scheme: Scheme) -> None:
    kind, version = parsed.get("kind") or resource.kind, parsed.get("apiVersion") or resource.api_version
    if version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind == resource.kind:
        return
    text = f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    if scheme.get(kind) is not None:
        internal = _INTERNAL_GROUP.get(resource.group, resource.group.partition(".")[0])
        why = f"converting (v1.{kind}) to ({internal}.{resource.kind}): unknown conversion"
    else:
        why = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
    raise bad_request(text + why)


def check_place(target: Target, obj: Object) -> None:
    """The URL and the object must name the same thing; what the object leaves out, the URL says."""
    meta = obj["metadata"]
    if target.name and meta.setdefault("name", target.name) != target.name:
        named = meta["name"]
        raise bad_request(f"the name of the object ({named}) does not match the name on the URL ({target.name})")
    if target.resource.namespaced and meta.setdefault("namespace", target.namespace) != target.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if not target.resource.namespaced:
        meta.pop("namespace", None)


def parsed_patch(body: bytes, media_type: str) -> Any:
    prefix = "" if media_type == patches.STRATEGIC else "error decoding patch: "
    try:
        patch = json.loads(body)
    except ValueError as exc:
        raise bad_request("invalid JSON patch") from exc
    if media_type == patches.MERGE and patch is None:
        raise bad_request("Invalid JSON Patch")
    if media_type == patches.STRATEGIC and patch is None:
        return {}
    if media_type != patches.JSON and not isinstance(patch, dict):
        what = go_kind(patch)
        raise bad_request(f"{prefix}json: cannot unmarshal {what} into Go value of type map[string]interface {{}}")
    return patch


def _syntax_error(text: str) -> str:
    """What Go's JSON reader says of a text that is no JSON; by far not of all of them."""
    start = text.strip()[:1]
    if start and start not in "{[":
        return f"invalid character '{start}' looking for beginning of value"
    return "unexpected end of JSON input"


def patched_by(current: Object, patch: Any, media_type: str, definition: str) -> tuple[Object, str]:
    """(the patched object, what an error message shows of it)."""
    if media_type == patches.STRATEGIC:
        shown = strategic_patch.go_map(patch)
        try:
            return strategic_patch.strategic(current, patch, {"$ref": f"#/components/schemas/{definition}"}), shown
        except StoreError as exc:
            if exc.status != 422:  # noqa: PLR2004  # only these lack the patch in their message
                raise
            raise unfit(shown, exc.message) from exc
    new = patches.merge(current, patch) if media_type == patches.MERGE else patches.json_patch(current, patch)
    shown = json.dumps(new, separators=(",", ":"))
    if not isinstance(new, dict):
        raise unfit(shown, "no object")
    if new.get("kind") != current["kind"]:
        internal = _INTERNAL_GROUP.get(current["apiVersion"].rpartition("/")[0].partition(".")[0], "")
        internal = internal or current["apiVersion"].partition(".")[0].partition("/")[0]
        why = f"converting (v1.{new.get('kind')}) to ({internal}.{current['kind']}): unknown conversion"
        raise unfit(shown, why)
    return new, shown


def unfit(shown: str, why: str) -> StoreError:
    cause = invalid_value("patch", shown, why)
    details = {"causes": [cause._asdict()]}
    return StoreError(422, "Invalid", f' "" is invalid: patch: {cause.message}', details)
