"""Text from elsewhere, made fit for a terminal, which obeys what it is shown."""

from __future__ import annotations

import traceback
import unicodedata


def visible(text: str, *, line: bool = False) -> str:
    """Text in which what a terminal would obey, or would not show, is spelled out by its number.

    Args:
        text: of anybody.
        line: whether it is to stay on its line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _is_harmless(c, line=line) else c.encode("unicode_escape").decode() for c in text)


def visible_traceback(exc: BaseException) -> str:
    """Where an exception came from; its message may be of anybody."""
    return visible("".join(traceback.format_exception(exc)))


def _is_harmless(char: str, *, line: bool) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs" or (char in "\n\t" and not line)
