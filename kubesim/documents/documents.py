"""The documents of a text, each with its values and with where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml.reader import Reader

from kubesim.documents.composing import compose
from kubesim.documents.values import UnusableValueError, construct

_SEPARATOR: Final = "---"
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_BEGIN: Final = re.compile(r"\s*(\{)")
# An escape of JSON that YAML's scanner does not have: a character beyond 16 bits, written as two of 16.
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")


class DocumentError(ValueError):
    """A document that kubectl refuses to read.

    Attributes:
        line: of the text, counted from 1.
        text: the document's own, as far as it is known.
    """

    def __init__(self, problem: str, line: int, text: str) -> None:
        super().__init__(problem)
        self.line = line
        self.text = text


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document.

    Attributes:
        value: as JSON would have it.
        node: of YAML, with marks; lines are counted from the document's first one.
        first_line: of the document, counted from 0.
        text: its own.
    """

    value: Any
    node: yaml.Node
    first_line: int
    text: str


def read_documents(content: str | bytes) -> Iterator[Document | DocumentError]:
    """All documents of a text that hold something, in their order; one that cannot be read does not hide the others.

    One thing is read differently from kubectl: the tag ``!`` alone before a number, which libyaml does not tell.
    Bytes are UTF-8 or, with its byte order mark, UTF-16; what is no such text becomes U+FFFD, as kubectl has it.
    """
    text = _decoded(content) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    for first_line, part, problem in _parts(text):
        if problem:
            yield DocumentError(problem, first_line + 1, part)
            continue
        read = _read(part, first_line)
        if read is not None:
            yield read


def _decoded(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace").removeprefix("\ufeff")
    return content.decode(errors="replace")


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """(first line, text, what is wrong with its separator) of each document."""
    if text[:4096].lstrip().startswith("{"):  # as far as kubectl looks
        end, line = 0, 0
        for part, end, line in _json_parts(text):  # noqa: B007 - where the last one ends counts
            yield line - part.count("\n"), part, ""
        yield from _yaml_parts(text[end:], line)
    else:
        yield from _yaml_parts(text, 0)


def _json_parts(text: str) -> Iterator[tuple[str, int, int]]:
    """JSON values as far as they follow each other: (text, its end, line of that); what comes then is YAML again."""
    decoder, end, line = json.JSONDecoder(), 0, 0
    while True:
        found = _BEGIN.match(text, end)
        if found is None:
            return
        begin = found.start(1)
        try:
            _, after = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            return
        line += text.count("\n", end, after)
        end = after
        part = text[begin:end].replace("\t", " ")
        yield _PAIR.sub(lambda found: found[1] + json.loads(f'"{found[2]}"'), part), end, line


def _yaml_parts(text: str, line: int) -> Iterator[tuple[int, str, str]]:
    begin, rows, problem = line, list[str](), ""
    for number, row in enumerate(text.split("\n"), line):
        if not row.startswith(_SEPARATOR):
            rows.append(row)
            continue
        yield begin, "\n".join(rows), problem
        begin, rows, rest = number + 1, [], row[len(_SEPARATOR) :].strip()
        problem = ""
        if rest and not rest.startswith("#"):
            begin, rows = number, [row]
            problem = f"kubectl takes nothing behind the --- between documents, and here is {rest[:40]!r}"
    yield begin, "\n".join(rows), problem


def _read(part: str, first_line: int) -> Document | DocumentError | None:
    try:
        node = compose(part.removeprefix("\ufeff"))
        value = None if node is None else construct(node)
    except yaml.YAMLError as exc:
        return DocumentError(f"this is no YAML: {_said(exc, part)}", first_line + 1 + _line(exc, part), part)
    except UnusableValueError as exc:
        return DocumentError(str(exc), first_line + 1 + exc.line, part)
    except RecursionError:
        return DocumentError("its values are nested too deep", first_line + 1, part)
    return None if node is None or value is None else Document(value, node, first_line, part)


def _said(exc: yaml.YAMLError, part: str) -> str:
    if isinstance(exc, yaml.MarkedYAMLError):
        return " ".join(filter(None, (exc.context, exc.problem)))
    strange = Reader.NON_PRINTABLE.search(part)
    return f"it has the control character U+{ord(strange[0]):04X}" if strange else " ".join(str(exc).split())


def _line(exc: yaml.YAMLError, part: str) -> int:
    if isinstance(exc, yaml.MarkedYAMLError):
        mark = exc.problem_mark or exc.context_mark
        return (
            min(mark.line, part.rstrip().count("\n")) if mark else 0
        )  # what is missing at the end is missed behind it
    strange = Reader.NON_PRINTABLE.search(part)
    return part.count("\n", 0, strange.start()) if strange else 0
