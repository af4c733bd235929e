"""Shortens what was written, at the end of a statement; adds nothing to it."""

from __future__ import annotations

_OPEN, _CLOSE = "([{", ")]}"


def one_line(text: str) -> str:
    """The same words on one line."""
    return " ".join(text.split())


def first_statement(text: str) -> str:
    """The first sentence, or the first of several that semicolons divide; "…" says that there was more.

    What stands in brackets is never cut through.
    """
    text = one_line(text)
    depth = 0
    for position, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth <= 0 and _ends_here(text, position):
            return f"{text[:position]} …"
    return text.removesuffix(".")


def _ends_here(text: str, position: int) -> bool:
    """Whether a statement ends at that character and another one follows."""
    following = text[position + 1 : position + 3]
    if len(following) < 2 or following[0] != " ":  # noqa: PLR2004 - a space and what comes after it
        return False
    return text[position] == ";" or (text[position] == "." and not following[1].islower())
