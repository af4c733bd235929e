"""Reading an object as Go would read it into the type of its kind: type errors, unknown fields, canonical values."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from kubesim.api.gated import is_closed
from kubesim.api.schema import Schema, definitions, resolve
from kubesim.fields.quantity import PATTERN, QuantityError, canonical
from kubesim.store import Object

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_BASE64 = re.compile(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64_SIGN = re.compile(r"[A-Za-z0-9+/]")
_GO_TYPES: Final = {"string": "string", "boolean": "bool", "number": "float64", "int32": "int32", "int64": "int64"}


class DecodeError(Exception):
    """The message is Go's.

    Attributes:
        go_type: the type that was expected, where a scalar of another type came.
    """

    def __init__(self, message: str, go_type: str = "") -> None:
        super().__init__(message)
        self.go_type = go_type


class Duplicates(dict[str, Any]):
    """A JSON object some of whose keys came more than once."""

    repeated: tuple[str, ...] = ()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) == len(pairs):
        return out
    marked = Duplicates(out)
    names = [name for name, _ in pairs]
    marked.repeated = tuple(name for name in out if names.count(name) > 1)
    return marked


def parse(text: str) -> Any:
    """JSON, in which repeated keys are remembered for strict decoding.

    Raises:
        ValueError: no JSON.
    """
    return json.loads(text, object_pairs_hook=_pairs)


class Decoder:
    """Reads one object. Afterwards `unknown` holds what strict decoding refuses, in Go's words.

    Args:
        definition: the full name of the type.
    """

    def __init__(self, definition: str) -> None:
        self.definition = definition
        self.unknown: list[str] = []
        self._repeated: list[str] = []

    def decode(self, obj: Object) -> Object:
        """The object without unknown and gated fields and nulls, its quantities canonical.

        Raises:
            DecodeError: a value has the wrong type.
        """
        schema = definitions()[self.definition]
        decoded: Object = self._struct(obj, schema, self.definition, "", "")
        self.unknown = [*self._repeated, *self.unknown]
        return decoded

    def _struct(self, value: Object, schema: Schema, name: str, path: str, at: str) -> Object:
        """`path` is Go's (no list indices), `at` has them."""
        out: Object = {}
        fields = schema["properties"]
        self._note_repeated(value, at)
        for key, item in value.items():
            if key not in fields:
                self.unknown.append(f'unknown field "{_join(at, key)}"')
            elif item is not None:
                go_path = _join(path, key)
                read = self._value(item, fields[key], f"{name.rpartition('.')[2]}.{go_path}", go_path, _join(at, key))
                emptied = key == "lifecycle" and item and not read
                if not is_closed(name, key) and not emptied:
                    out[key] = read
        return out

    def _note_repeated(self, value: Object, at: str) -> None:
        if isinstance(value, Duplicates):
            self._repeated += [f'duplicate field "{_join(at, key)}"' for key in value.repeated]

    def _value(self, value: Any, schema: Schema, field: str, path: str, at: str) -> Any:
        name, schema = resolve(schema)
        if not schema:
            return value  # any JSON, as in the schemas of CustomResourceDefinitions
        kind = schema.get("type", "object")
        if kind in ("object", "array"):
            wanted = dict if kind == "object" else list
            if not isinstance(value, wanted):
                raise _mismatch(value, field, _go_type(name, schema))
        if kind == "array":
            items = schema["items"]
            return [self._item(v, items, field, path, f"{at}[{i}]") for i, v in enumerate(value)]
        if kind == "object":
            return self._object(value, schema, name, field, path, at)
        return _scalar(value, schema, field)

    def _object(self, value: Object, schema: Schema, name: str, field: str, path: str, at: str) -> Any:
        if "properties" in schema:
            return self._struct(value, schema, name, path, at)
        if "additionalProperties" not in schema:
            return value  # RawExtension, FieldsV1: free form
        self._note_repeated(value, at)
        items = schema["additionalProperties"]
        return {key: self._item(v, items, field, path, _join(at, key)) for key, v in value.items()}

    def _item(self, value: Any, schema: Schema, field: str, path: str, at: str) -> Any:
        """An item of a list or map; a null is its type's zero value."""
        return _zero(schema) if value is None else self._value(value, schema, field, path, at)


def _zero(schema: Schema) -> Any:
    _, schema = resolve(schema)
    if schema.get("format") == "quantity":
        return "0"
    zeros: dict[str, Any] = {"string": "", "boolean": False, "array": [], "integer": 0, "number": 0}
    return zeros.get(schema.get("type", ""), {})


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def go_kind(value: Any) -> str:
    """What Go's JSON reader calls a value."""
    for types, name in ((bool, "bool"), (str, "string"), ((int, float), "number"), (list, "array")):
        if isinstance(value, types):
            return name
    return "object"


def _go_type(name: str, schema: Schema) -> str:
    """The Go type that a schema was generated from, as error messages name it."""
    if name and "properties" in schema:
        return f"v1.{name.rpartition('.')[2]}"
    if schema.get("type") == "array":
        inner_name, inner = resolve(schema["items"])
        return f"[]{_go_type(inner_name, inner)}"
    if "additionalProperties" in schema:
        inner_name, inner = resolve(schema["additionalProperties"])
        return f"map[string]{_go_type(inner_name, inner)}"
    if schema.get("format") == "quantity":
        return "resource.Quantity"
    if schema.get("format") == "byte":
        return "[]uint8"
    return _GO_TYPES.get(schema.get("format", ""), _GO_TYPES.get(schema.get("type", ""), "string"))


def _mismatch(value: Any, field: str, go_type: str) -> DecodeError:
    text = f"json: cannot unmarshal {go_kind(value)} into Go struct field {field} of type {go_type}"
    return DecodeError(text, go_type)


def _scalar(value: Any, schema: Schema, field: str) -> Any:
    kind, form = schema["type"], schema.get("format", "")
    if form == "quantity":
        return _quantity(value)
    if form == "int-or-string":
        if isinstance(value, float):
            raise DecodeError(f"json: cannot unmarshal number {value} into Go struct field {field} of type int32")
        if isinstance(value, (bool, list, dict)):
            raise _mismatch(value, field, "int32")
        return value
    if kind == "integer":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _mismatch(value, field, form or "int64")
        if isinstance(value, float) or not -(2 ** (bits := 31 if form == "int32" else 63)) <= value < 2**bits:
            shown = f"number {json.dumps(value)}"
            raise DecodeError(f"json: cannot unmarshal {shown} into Go struct field {field} of type {form or 'int64'}")
        return value
    wanted: tuple[type, ...] = {"string": (str,), "boolean": (bool,), "number": (int, float)}[kind]
    if not isinstance(value, wanted) or (kind == "number" and isinstance(value, bool)):
        raise _mismatch(value, field, _go_type("", schema))
    if isinstance(value, str):
        _check_text(value, form, field)
    return value


def _check_text(value: str, form: str, field: str) -> None:
    if form == "byte":
        _check_base64(value)
    elif form == "date-time" and not _TIME.fullmatch(value):
        raise _bad_time(value, field)


def _check_base64(text: str) -> None:
    """Go's words for what it cannot decode."""
    kept = text.replace("\r", "").replace("\n", "")
    if not _BASE64.fullmatch(kept):
        at = next((i for i, sign in enumerate(kept) if not _BASE64_SIGN.match(sign)), len(kept))
        raise DecodeError(f"illegal base64 data at input byte {at}")


def _bad_time(value: str, field: str) -> DecodeError:
    # Which layout Go names depends on the Go type; only these fields are metav1.MicroTime.
    micro = field.rpartition(".")[2] in ("acquireTime", "renewTime", "eventTime", "lastObservedTime")
    layout = f"2006-01-02T15:04:05{'.000000' if micro else ''}Z07:00"
    return DecodeError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')


def _quantity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise DecodeError(f"quantities must match the regular expression '{PATTERN}'")
    try:
        return canonical(value if isinstance(value, str) else json.dumps(value))
    except QuantityError as exc:
        raise DecodeError(str(exc)) from exc
