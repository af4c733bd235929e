"""Label and field selectors, read as apimachinery reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chaos.sandbox.api.status import bad_request
from chaos.sandbox.store import Object

Predicate = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(?:(==|!=|=|<|>|!|,|\(|\))|([^\s=!<>,()]+))")
_END = ""
_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_METADATA = ("metadata.name", "metadata.namespace")
_FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (*_METADATA, "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    "Event": (*_METADATA, "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
              "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
              "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"),
    "Namespace": ("metadata.name", "status.phase"),
    "Node": ("metadata.name", "spec.unschedulable"),
    "Service": (*_METADATA, "spec.clusterIP", "spec.type"),
    "ReplicaSet": (*_METADATA, "status.replicas"),
}  # fmt: skip
# Kinds whose field labels have a conversion function of their own, with a message of its own.
_CONVERTED = ("Pod", "Event", "Namespace", "Node", "Service", "ReplicaSet")


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [m[1] or m[2] for m in _TOKEN.finditer(text)]
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def take(self) -> str:
        word = self.peek()
        self._at += 1
        return word


def labels(text: str) -> Callable[[Mapping[str, str]], bool]:
    """A predicate on labels.

    Raises:
        StoreError: 400, with the server's own words.
    """
    parser = _Parser(text)
    requirements: list[Callable[[Mapping[str, str]], bool]] = []
    while parser.peek() != _END:
        requirements.append(_requirement(parser))
        word = parser.take()
        if word not in (",", _END):
            raise bad_request(f"found '{word}', expected: ',' or 'end of string'")
        if word == "," and parser.peek() == _END:
            raise bad_request("found '', expected: identifier after ','")
    return lambda have: all(check(have) for check in requirements)


def _requirement(parser: _Parser) -> Callable[[Mapping[str, str]], bool]:
    absent = parser.peek() == "!"
    if absent:
        parser.take()
    key = parser.take()
    if not key or re.fullmatch(r"[=!<>,()]+", key):
        raise bad_request(f"unable to parse requirement: found '{key}', expected: !, identifier, or 'end of string'")
    if absent:
        return lambda have: key not in have
    if parser.peek() in (",", _END):
        return lambda have: key in have
    operator = parser.take()
    if operator in ("=", "=="):
        value = _value(parser)
        return lambda have: have.get(key) == value
    if operator == "!=":
        value = _value(parser)
        return lambda have: have.get(key) != value
    if operator in ("in", "notin"):
        values = _values(parser)
        return lambda have: (key in have and have[key] in values) if operator == "in" else have.get(key) not in values
    if operator in ("<", ">"):
        return _compare(key, operator, _value(parser))
    raise bad_request(f"unable to parse requirement: found '{operator}', expected: {_OPERATORS}")


def _compare(key: str, operator: str, text: str) -> Callable[[Mapping[str, str]], bool]:
    try:
        bound = int(text)
    except ValueError:
        raise bad_request(
            f"values[0][{key}]: Invalid value: \"{text}\": for 'Gt', 'Lt' operators, the value must be an integer"
        ) from None

    def check(have: Mapping[str, str]) -> bool:
        try:
            found = int(have[key])
        except (KeyError, ValueError):
            return False
        return found > bound if operator == ">" else found < bound

    return check


def _value(parser: _Parser) -> str:
    return "" if parser.peek() in (",", _END) else parser.take()


def _values(parser: _Parser) -> set[str]:
    word = parser.take()
    if word != "(":
        raise bad_request(f"unable to parse requirement: found '{word}' expected: '('")
    values: set[str] = set()
    while True:
        word = parser.take()
        if word == ")":
            return values | ({""} if not values else set())
        if word == _END:
            raise bad_request("unable to parse requirement: found '', expected: ',' or ')'")
        if word != ",":
            values.add(word)


def fields(kind: str, text: str) -> Predicate:
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
        if field not in _FIELDS.get(kind, _METADATA):
            raise bad_request(_unsupported(kind, field))
        terms.append((field, value, operator != "!="))
    return lambda obj: all((_field(obj, field) == value) is wanted for field, value, wanted in terms)


def _unsupported(kind: str, field: str) -> str:
    if kind in _CONVERTED:
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


def both(label_selector: str, kind: str, field_selector: str) -> Predicate | None:
    """One predicate of both selectors; None where all objects match.

    Raises:
        StoreError: 400.
    """
    if not label_selector and not field_selector:
        return None
    by_label, by_field = labels(label_selector), fields(kind, field_selector)
    return lambda obj: by_label(obj["metadata"].get("labels") or {}) and by_field(obj)
