"""Why a field is invalid, in the words of the real API server (apimachinery's field.Error)."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Cause(NamedTuple):
    """One invalid field: what a real server calls field.Error.

    Attributes:
        reason: such as ``FieldValueRequired``.
        message: such as ``Required value: must specify a name``.
        field: such as ``spec.containers[0].name``.
    """

    reason: str
    message: str
    field: str


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {detail}" if detail else "Required value", field)


def invalid_value(field: str, value: Any, detail: str = "") -> Cause:
    shown = f"Invalid value: {_shown(value)}"
    return Cause("FieldValueInvalid", f"{shown}: {detail}" if detail else shown, field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {_shown(value)}", field)


def not_supported(field: str, value: Any, allowed: tuple[str, ...]) -> Cause:
    listed = ", ".join(_shown(a) for a in allowed)
    message = f"Unsupported value: {_shown(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", message, field)


def forbidden_field(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {detail}", field)


def missing(field: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", f"Not found: {_shown(value)}", field)
