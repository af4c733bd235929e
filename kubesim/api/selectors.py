"""Field selectors, read as apimachinery reads them, and both kinds of selectors together."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kubesim.api import label_selector
from kubesim.api.status import bad_request
from kubesim.kinds.kind import Kind
from kubesim.store import Object

Predicate = Callable[[Object], bool]

_METADATA = ("metadata.name", "metadata.namespace")


def fields(kind: Kind, text: str) -> Predicate:
    """A predicate on objects of a kind.

    Raises:
        StoreError: 400 where the server cannot select by a field.
    """
    terms: list[tuple[str, str, bool]] = []
    for term in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]*)(!=|==|=)(.*)", term)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        field, operator, value = match.groups()
        if field not in (kind.selectable or _METADATA):
            raise bad_request(_unsupported(kind, field))
        terms.append((field, value, operator != "!="))
    return lambda obj: all((_field(obj, field) == value) is wanted for field, value, wanted in terms)


def _unsupported(kind: Kind, field: str) -> str:
    if kind.selectable:  # then its field labels have a conversion function of their own, with a message of its own
        return f"field label not supported: {field}"
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _field(obj: Object, path: str) -> str:
    if path == "source":
        return str((obj.get("source") or {}).get("component", "")) or str(obj.get("reportingComponent", ""))
    found: Any = obj
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    if found is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(found)


def both(by_labels: str, kind: Kind, by_fields: str) -> Predicate | None:
    """One predicate of both selectors; None where all objects match.

    Raises:
        StoreError: 400.
    """
    if not by_labels and not by_fields:
        return None
    by_label, by_field = label_selector.parse(by_labels), fields(kind, by_fields)
    return lambda obj: by_label(obj["metadata"].get("labels") or {}) and by_field(obj)
