"""``$((expression))``: whole numbers of 64 bits, with C's operators."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from kubesim.shell.errors import ScriptSyntaxError

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<=|>>=|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^]=|[<>=!]=|[-+*/%<>=!&|^~?:()])"
)
_BITS = 64


def _divided(a: int, b: int) -> int:
    """Towards zero, as C does."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


_BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "||": (1, lambda a, b: int(bool(a or b))),
    "&&": (2, lambda a, b: int(bool(a and b))),
    "|": (3, operator.or_),
    "^": (4, operator.xor),
    "&": (5, operator.and_),
    "==": (6, operator.eq),
    "!=": (6, operator.ne),
    "<": (7, operator.lt),
    "<=": (7, operator.le),
    ">": (7, operator.gt),
    ">=": (7, operator.ge),
    "<<": (8, lambda a, b: a << (b % _BITS)),
    ">>": (8, lambda a, b: a >> (b % _BITS)),
    "+": (9, operator.add),
    "-": (9, operator.sub),
    "*": (10, operator.mul),
    "/": (10, _divided),
    "%": (10, lambda a, b: a - b * _divided(a, b)),
}
_ASSIGNING = {f"{name}=" for name in ("", "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")}


class Arithmetic:
    """Computes one expression.

    Args:
        value: of a variable; None where it is not set.
        assign: sets a variable.
    """

    def __init__(self, text: str, value: Callable[[str], str | None], assign: Callable[[str, str], None]) -> None:
        self._text, self._value, self._assign = text, value, assign
        self._tokens = self._split(text)
        self._at = 0
        self._off = 0  # how many branches deep it is in what is not taken, where nothing is assigned

    def result(self) -> int:
        """What it comes to.

        Raises:
            ScriptSyntaxError: it is no expression, or divides by zero.
        """
        if not self._tokens:
            return 0
        try:
            found = self._assignment()
        except (ZeroDivisionError, RecursionError, ValueError) as exc:
            raise self._wrong() from exc
        if self._at < len(self._tokens):
            raise self._wrong()
        return found

    def _wrong(self) -> ScriptSyntaxError:
        return ScriptSyntaxError(f"arithmetic syntax error: {self._text}")

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._wrong()
            tokens.append(match[1])
            at = match.end()
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        token = self._peek()
        if not token or (wanted and token not in wanted):
            return ""
        self._at += 1
        return token

    def _assignment(self) -> int:
        name = self._peek()
        after = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        if _is_name(name) and after in _ASSIGNING:
            self._at += 2
            right = self._assignment()
            how = after[:-1]
            return self._store(name, _BINARY[how][1](self._variable(name), right) if how else right)
        return self._choice()

    def _choice(self) -> int:
        condition = self._binary(1)
        if not self._take("?"):
            return condition
        yes = self._skipping(self._assignment, skip=not condition)
        if not self._take(":"):
            raise self._wrong()
        no = self._skipping(self._assignment, skip=bool(condition))
        return yes if condition else no

    def _binary(self, lowest: int) -> int:
        left = self._unary()
        while (found := _BINARY.get(self._peek())) is not None and found[0] >= lowest:
            name = self._take()
            decided = (name == "&&" and not left) or (name == "||" and bool(left))
            right = self._skipping(lambda: self._binary(found[0] + 1), skip=decided)
            left = int(name == "||") if decided else _wrapped(0 if self._off else found[1](left, right))
        return left

    def _skipping(self, what: Callable[[], int], *, skip: bool) -> int:
        self._off += skip
        try:
            return what()
        finally:
            self._off -= skip

    def _unary(self) -> int:
        sign = self._take("+", "-", "!", "~", "++", "--")
        if sign in ("++", "--"):
            name = self._take()
            if not _is_name(name):
                raise self._wrong()
            return self._store(name, self._variable(name) + (1 if sign == "++" else -1))
        if sign:
            number = self._unary()
            return _wrapped({"+": number, "-": -number, "!": int(not number), "~": ~number}[sign])
        if self._take("("):
            number = self._assignment()
            if not self._take(")"):
                raise self._wrong()
            return number
        token = self._take()
        if not _is_name(token):
            return _number(token)
        number = self._variable(token)
        if step := self._take("++", "--"):
            self._store(token, number + (1 if step == "++" else -1))
        return number

    def _variable(self, name: str) -> int:
        text = (self._value(name) or "").strip()
        negative = text.startswith("-")
        return (-1 if negative else 1) * _number(text.lstrip("+-") or "0")

    def _store(self, name: str, number: int) -> int:
        number = _wrapped(number)
        if not self._off:
            self._assign(name, str(number))
        return number


def _is_name(token: str) -> bool:
    return token[:1].isalpha() or token[:1] == "_"


def _number(text: str) -> int:
    """As C reads it.

    Raises:
        ValueError: it is none.
    """
    if text[:2] in ("0x", "0X"):
        return _wrapped(int(text, 16))
    if len(text) > 1 and text.startswith("0"):
        return _wrapped(int(text, 8))
    return _wrapped(int(text[:40]))


def _wrapped(number: int) -> int:
    half = 1 << (_BITS - 1)
    return (number + half) % (1 << _BITS) - half
