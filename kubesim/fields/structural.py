"""Structural schemas, those of CustomResourceDefinitions: what they drop, fill in and refuse.

As apiextensions-apiserver's pkg/apiserver/schema and kube-openapi's validation do it. Not modelled: CEL rules
(x-kubernetes-validations), allOf, anyOf, oneOf and not, formats, and lists that are sets or maps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.objects import Object, clone

_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EMBEDS = "x-kubernetes-embedded-resource"
_ANY_NUMBER = "x-kubernetes-int-or-string"
_OF_EVERY_OBJECT = ("apiVersion", "kind", "metadata")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def _matches(text: str, pattern: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True  # what Go's expressions may say, and Python's may not, is not judged


# A keyword, what is measured of a value, whether that is in order, and the words where it is not.
_BOUNDS: tuple[tuple[str, tuple[type, ...], Callable[[Any, Any], bool], str], ...] = (
    ("minimum", (int, float), lambda value, bound: value >= bound, "should be greater than or equal to {}"),
    ("maximum", (int, float), lambda value, bound: value <= bound, "should be less than or equal to {}"),
    ("minLength", (str,), lambda value, bound: len(value) >= bound, "should be at least {} chars long"),
    ("maxLength", (str,), lambda value, bound: len(value) <= bound, "should be at most {} chars long"),
    ("pattern", (str,), _matches, "should match '{}'"),
    ("minItems", (list,), lambda value, bound: len(value) >= bound, "should have at least {} items"),
    ("maxItems", (list,), lambda value, bound: len(value) <= bound, "should have at most {} items"),
)


def prune(value: Any, schema: Object, at: str = "", *, root: bool = True) -> Iterator[str]:
    """Drop what a schema does not know, in place; the paths of what went."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from prune(item, schema.get("items") or {}, f"{at}[{i}]", root=False)
    if not isinstance(value, dict):
        return
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    kept = _OF_EVERY_OBJECT if root or schema.get(_EMBEDS) else ()
    for key in tuple(value):
        path = f"{at}.{key}" if at else key
        if key in kept:
            continue
        if key in known:
            yield from prune(value[key], known[key], path, root=False)
        elif isinstance(others, dict):
            yield from prune(value[key], others, path, root=False)
        elif not others and not schema.get(_KEEPS):
            del value[key]
            yield path


def fill(value: Any, schema: Object) -> None:
    """Fill in defaults, in place."""
    if isinstance(value, list):
        for item in value:
            fill(item, schema.get("items") or {})
    if not isinstance(value, dict):
        return
    for key, inner in (schema.get("properties") or {}).items():
        if "default" in inner and (key not in value or (value[key] is None and not inner.get("nullable"))):
            value[key] = clone(inner["default"])
        if key in value:
            fill(value[key], inner)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for key in value.keys() - (schema.get("properties") or {}).keys():
            fill(value[key], others)


def check(value: Any, schema: Object, at: str = "") -> Iterator[Cause]:
    """Everything that a schema refuses in a value."""
    if value is None and schema.get("nullable"):
        return
    if (wanted := _wrong_type(value, schema)) is not None:
        found = _type_name(value)
        text = f'{at or "<nil>"} in body must be of type {wanted}: "{found}"'
        yield Cause("FieldValueTypeInvalid", f'Invalid value: "{found}": {text}', at)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield not_supported(at, value, tuple(schema["enum"]))
    for keyword, types, is_in_order, words in _BOUNDS:
        if keyword in schema and isinstance(value, types) and not isinstance(value, bool):
            bound = schema[keyword]
            if not is_in_order(value, bound):
                yield invalid_value(at, value, f"{at} in body {words.format(bound)}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from check(item, schema.get("items") or {}, f"{at}[{i}]")
    if isinstance(value, dict):
        yield from _members(value, schema, at)


def _members(value: Object, schema: Object, at: str) -> Iterator[Cause]:
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for key in schema.get("required") or ():
        if key not in value:
            yield required(f"{at}.{key}" if at else key)
    for key, item in value.items():
        inner = known.get(key, others if isinstance(others, dict) else {})
        if at or key not in _OF_EVERY_OBJECT:
            yield from check(item, inner, f"{at}.{key}" if at else key)


def _wrong_type(value: Any, schema: Object) -> str | None:
    """The type that a value should have, where it has another."""
    wanted = schema.get("type")
    if schema.get(_ANY_NUMBER):
        fits = isinstance(value, (int, str)) and not isinstance(value, bool)
        return None if fits else "integer,string"
    if wanted is None or (wanted == "integer" and isinstance(value, float) and value.is_integer()):
        return None
    fits = isinstance(value, _TYPES.get(wanted, (object,))) and (wanted == "boolean" or not isinstance(value, bool))
    return None if fits else str(wanted)


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next((name for name, types in _TYPES.items() if isinstance(value, types)), "null")
