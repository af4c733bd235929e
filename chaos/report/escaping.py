"""Text of a run in each of a report's formats. Whatever a cluster, a pod or a page said is data there, and no markup.

Sentences are Markdown of the tool's own in which such text stands: code in backticks, tables in answers. That much is
kept. What else could make structure is written so that it shows as it was said: tags, links and pictures, code that
does not end, headings and fences at the beginning of a line; and characters that a terminal obeys, or nobody sees, by
their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from chaos.model.figure import plain
from chaos.visible import visible

_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_TICKS = re.compile(r"`+")
# Backslashes before a character that is escaped: with the added one they would make pairs, and undo the escape.
_BACKSLASHES, _PIPE = re.compile(r"\\+\Z"), re.compile(r"(\\*)\|")
_FENCE = 3
# What makes a block at the beginning of a line; rows of tables are the sentences' own.
_BLOCK = re.compile(
    r"^([ \t]*)(#{1,6}(?=\s|$)|>|[-+*](?=\s)|[-=_*~]{2,}|\d{1,9}[.)](?=\s)|\[(?=[\s\S]{0,999}?\]:))", re.MULTILINE
)
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
# A spreadsheet takes a cell that begins so for a formula, or for the end of the cell before; after blanks and in wide
# characters too. Where it separates cells by something else than commas, what comes after that begins one as well.
_FORMULA = re.compile(r"(?:\A|(?<=[;|])|(?<=.\t))(?=\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


class Markdown(str):
    """Markdown that is meant as such."""

    __slots__ = ()


def markdown(text: object) -> Markdown:
    """A sentence, or several lines of them."""
    if isinstance(text, Markdown):
        return text
    return Markdown(_BLOCK.sub(_as_text, _inline(visible(plain(str(text))))))


def cell(text: object) -> Markdown:
    """A cell of a table, on its line."""
    return Markdown(_PIPE.sub(r"\1\1\\|", _inline(visible(plain(str(text)).replace("\n", " ")))))


def cells(values: Iterable[object]) -> Markdown:
    """Several cells of one row."""
    return Markdown(" | ".join(map(cell, values)))


def line(text: object) -> Markdown:
    """A sentence that is to stay on its line, as an item of a list does."""
    return markdown(plain(str(text)).replace("\n", " "))


def fenced(text: str, language: str = "") -> Markdown:
    """A block of code that nothing in it can end."""
    shown = visible(text)
    longest = max((len(ticks) for ticks in _TICKS.findall(shown)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    return Markdown(f"{fence}{language}\n{shown}\n{fence}")


def csv_cell(value: object) -> object:
    """A value of a CSV table: text that a spreadsheet would run begins with an apostrophe; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    return visible(value if _NUMBER.fullmatch(value) else _FORMULA.sub("'", value))


def picture(value: object) -> object:
    """A value in SVG, which is escaped there; XML knows no control characters."""
    if not isinstance(value, str) or hasattr(value, "__html__"):  # what a macro made is SVG already
        return value
    return visible(value, line=True)


def _inline(text: str) -> str:
    """Without tags, links and unfinished code; code in backticks stays as it is."""
    kept, at = [], 0
    while (opening := _TICKS.search(text, at)) is not None:
        kept.append(_BACKSLASHES.sub(lambda found: 2 * found[0], _outside(text[at : opening.start()])))
        closing = next((t for t in _TICKS.finditer(text, opening.end()) if len(t[0]) == len(opening[0])), None)
        if closing is None or "\n" in text[opening.end() : closing.start()]:
            kept.append("\\`" * len(opening[0]))
            at = opening.end()
        else:
            kept.append(text[opening.start() : closing.end()])
            at = closing.end()
    return "".join([*kept, _outside(text[at:])])


def _outside(text: str) -> str:
    return _TAG.sub("&lt;", text).replace("](", "]\\(")


def _as_text(found: re.Match[str]) -> str:
    """The beginning of a line with its marker escaped, so that it begins no list, heading or quotation."""
    before, marker = found[1], found[2]
    if marker[0].isdigit():
        return f"{before}{marker[:-1]}\\{marker[-1]}"
    return f"{before}\\{marker}"
