"""The statements that are not about rows: each a pattern and what it does, which registers itself here."""

from __future__ import annotations

import re
from collections.abc import Callable

from kubesim.images.mysql.data import Result
from kubesim.images.mysql.session import Session

_Handler = Callable[[Session, re.Match[str], str], Result]
_PATTERNS: list[tuple[re.Pattern[str], _Handler]] = []


def find(sql: str) -> tuple[_Handler, re.Match[str]] | None:
    """Who executes a statement; None where it is about rows."""
    for pattern, handler in _PATTERNS:
        match = pattern.fullmatch(sql)
        if match:
            return handler, match
    return None


def statement(pattern: str) -> Callable[[_Handler], _Handler]:
    """Register what executes the statements of a pattern, in which a space stands for any white space."""

    def register(handler: _Handler) -> _Handler:
        _PATTERNS.append((re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL), handler))
        return handler

    return register
