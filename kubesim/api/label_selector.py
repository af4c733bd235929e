"""Label selectors, read as apimachinery's labels.Parser reads them, and refused in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from kubesim.api.status import bad_request
from kubesim.fields import names
from kubesim.fields.causes import invalid_value
from kubesim.store import StoreError

Labels = Mapping[str, str]
_TOKEN = re.compile(r"\s*(?:(==|!=|=|<|>|!|,|\(|\))|([^\s=!<>,()]+))")
_SYMBOLS = ("==", "!=", "=", "<", ">", "!", ",", "(", ")")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_END = ""
_OPERATORS = ("in", "notin", "=", "==", "!=", "<", ">")


def parse(text: str) -> Callable[[Labels], bool]:
    """A predicate on labels.

    Raises:
        StoreError: 400, with the server's own words.
    """
    parser = _Parser(text)
    checks: list[Callable[[Labels], bool]] = []
    expected = "!, identifier, or 'end of string'"
    while parser.peek() != _END or checks:
        if not _starts_requirement(parser.peek()):
            raise bad_request(f"found '{parser.peek()}', expected: {expected}")
        checks.append(_requirement(parser))
        word = parser.take()
        if word == _END:
            break
        if word != ",":
            raise bad_request(f"found '{word}', expected: ',' or 'end of string'")
        expected = "identifier after ','"
    return lambda have: all(check(have) for check in checks)


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


def _is_identifier(word: str) -> bool:
    return word != _END and word not in _SYMBOLS


def _starts_requirement(word: str) -> bool:
    return word == "!" or _is_identifier(word)


def _refused(why: str) -> StoreError:
    return bad_request(f"unable to parse requirement: {why}")


def _unexpected(word: str, expected: str) -> StoreError:
    return _refused(f"found '{word}', expected: {expected}")


def _requirement(parser: _Parser) -> Callable[[Labels], bool]:
    absent = parser.peek() == "!"
    if absent:
        parser.take()
    key = parser.take()
    if not _is_identifier(key):
        raise _unexpected(key, "identifier")
    if complaints := names.qualified_name(key):
        raise _refused(f"<nil>: {invalid_value('', key, '; '.join(complaints)).message}")
    if absent:
        return lambda have: key not in have
    if parser.peek() in (",", _END):
        return lambda have: key in have
    operator = parser.take()
    if operator not in _OPERATORS:
        raise _unexpected(operator, "in, notin, =, ==, !=, gt, lt")
    values = _values(parser) if operator in ("in", "notin") else {_value(parser)}
    _check_values(key, operator, values)
    if operator in ("<", ">"):
        return _comparison(key, operator, int(min(values)))
    if operator in ("!=", "notin"):
        return lambda have: have.get(key) not in values
    return lambda have: have.get(key) in values


def _check_values(key: str, operator: str, values: set[str]) -> None:
    complaints: list[str] = []
    for at, value in enumerate(sorted(values)):
        if operator in ("<", ">") and not _INTEGER.fullmatch(value):
            why = "for 'Gt', 'Lt' operators, the value must be an integer"
            complaints.append(f"values[{at}]: {invalid_value('', value, why).message}")
        if texts := names.label_value(value):
            complaints.append(f"values[{at}][{key}]: {invalid_value('', value, '; '.join(texts)).message}")
    if complaints:
        raise _refused(complaints[0] if len(complaints) == 1 else f"[{', '.join(complaints)}]")


def _comparison(key: str, operator: str, bound: int) -> Callable[[Labels], bool]:
    def check(have: Labels) -> bool:
        found = have.get(key, "")
        if not _INTEGER.fullmatch(found):
            return False
        return int(found) > bound if operator == ">" else int(found) < bound

    return check


def _value(parser: _Parser) -> str:
    if parser.peek() in (",", _END):
        return ""
    word = parser.take()
    if not _is_identifier(word):
        raise _unexpected(word, "identifier")
    return word


def _values(parser: _Parser) -> set[str]:
    """The words between parentheses; an empty one where a comma has nothing before or behind it."""
    word = parser.take()
    if word != "(":
        raise _refused(f"found '{word}' expected: '('")
    if parser.peek() != "," and parser.peek() != ")" and not _is_identifier(parser.peek()):
        raise _unexpected(parser.peek(), "',', ')' or identifier")
    values: set[str] = set()
    while True:
        values.add("" if parser.peek() in (",", ")") else _identifier(parser))
        word = parser.take()
        if word == ")":
            return values
        if word != ",":
            raise _unexpected(word, "',' or ')'")


def _identifier(parser: _Parser) -> str:
    word = parser.take()
    if not _is_identifier(word):
        raise _unexpected(word, "',', or identifier")
    return word
