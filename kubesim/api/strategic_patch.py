"""Strategic merge patch: lists merge by key where their type says so (apimachinery's strategicpatch)."""

from __future__ import annotations

from typing import Any

from kubesim.api.schema import Schema, resolve
from kubesim.store import Object, StoreError

_ORDER = "$setElementOrder/"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"
_DIRECTIVE = "$patch"


def strategic(original: Object, patch: Object, schema: Schema) -> Object:
    """A new object: `original`, of the type of `schema`, with the patch applied.

    Raises:
        StoreError: 422 or 500, as the real server answers to a patch that does not fit the type.
    """
    return _merge_map(original, patch, resolve(schema)[1])


def _merge_map(original: Object, patch: Object, schema: Schema) -> Object:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        replaced: Object = _clean(patch)
        return replaced
    if directive == "delete":
        return {}
    out = {key: value for key, value in original.items() if _RETAIN not in patch or key in patch[_RETAIN]}
    for key, value in patch.items():
        field = key.removeprefix(_DELETE_PRIMITIVES)
        if field != key and field in out:
            out[field] = [item for item in out[field] if item not in value]
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        elif not key.startswith("$"):
            out[key] = _merge_field(out.get(key), value, _field(schema, key), patch.get(_ORDER + key))
    _reorder(out, original, patch, schema)
    return out


def _reorder(out: Object, original: Object, patch: Object, schema: Schema) -> None:
    """Apply orders of lists that the patch does not change otherwise, in place."""
    for key, order in patch.items():
        field = key.removeprefix(_ORDER)
        if field != key and field not in patch and isinstance(out.get(field), list):
            out[field] = _ordered(out[field], order, original[field], _merge_key(_field(schema, field)))


def _field(schema: Schema, key: str) -> Schema:
    found: Schema = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
    return found


def _merge_key(schema: Schema) -> str:
    key: str = schema.get("x-kubernetes-patch-merge-key", "")
    return key


def _merge_field(original: Any, patch: Any, schema: Schema, order: list[Any] | None) -> Any:
    strategies = schema.get("x-kubernetes-patch-strategy", "").split(",")
    if isinstance(patch, dict):
        if resolve(schema)[1].get("type") == "array":
            raise _unfit("cannot restore slice from map")
        if isinstance(original, dict) and "replace" not in strategies:
            return _merge_map(original, patch, resolve(schema)[1])
        return _clean(patch)
    if isinstance(patch, list) and "merge" in strategies:
        merged = _merge_list(original if isinstance(original, list) else [], patch, schema)
        return merged if order is None else _ordered(merged, order, original or [], _merge_key(schema))
    return _clean(patch)


def _merge_list(original: list[Any], patch: list[Any], schema: Schema) -> list[Any]:
    key = _merge_key(schema)
    if not key or not all(isinstance(item, dict) for item in patch):
        return original + [item for item in patch if item not in original]
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [_clean(item) for item in patch if item.get(_DIRECTIVE) != "replace" or len(item) > 1]
    items = resolve(schema["items"])[1]
    out = list(original)
    for item in patch:
        if key not in item:
            raise StoreError(500, "", f"map: {go_map(item)} does not contain declared merge key: {key}")
        found = [i for i, old in enumerate(out) if old.get(key) == item[key]]
        if item.get(_DIRECTIVE) == "delete":
            out = [old for old in out if old.get(key) != item[key]]
        elif found:
            out[found[0]] = _merge_map(out[found[0]], item, items)
        else:
            out.append(_clean(item))
    return out


def _ordered(merged: list[Any], order: list[Any], original: list[Any], key: str) -> list[Any]:
    """The patch's order; what the patch does not name keeps its place before what followed it."""

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    before = [identity(item) for item in original]
    named = sorted((m for m in merged if identity(m) in wanted), key=lambda m: wanted.index(identity(m)))
    rest = [m for m in merged if identity(m) not in wanted]
    out: list[Any] = []
    for item in named:
        place = before.index(identity(item)) if identity(item) in before else -1
        while rest and identity(rest[0]) in before and before.index(identity(rest[0])) < place:
            out.append(rest.pop(0))
        out.append(item)
    return out + rest


def _clean(value: Any) -> Any:
    """What a patch adds, without nulls and directives."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if v is not None and not k.startswith("$")}
    if isinstance(value, list):
        return [_clean(v) for v in value if not (isinstance(v, dict) and v.get(_DIRECTIVE) == "delete")]
    return value


def _unfit(why: str) -> StoreError:
    return StoreError(422, "Invalid", why)


def go_map(value: Any) -> str:
    """A value as Go's fmt prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{go_map(value[k])}' for k in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(go_map(v) for v in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)
