"""Reads docstrings: the text before their sections, and what a section says of each name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any


def summary(kind: Any) -> Iterator[str]:
    """The docstring up to its sections."""
    text = inspect.getdoc(kind) or ""
    yield re.split(r"\n(?:Attributes|Args|Raises|Returns):\n", text)[0].strip()


def prose(kind: Any) -> Iterator[str]:
    """The whole docstring; sections as lists."""
    parts = re.split(r"^(Attributes|Args|Raises):\n", inspect.getdoc(kind) or "", flags=re.MULTILINE)
    if text := parts[0].strip():
        yield text
    for section, body in zip(parts[1::2], parts[2::2], strict=True):
        yield from ("", "Raises:", "") if section == "Raises" else ("",)
        yield from (f"- `{name}`: {meaning}" for name, meaning in _entries(body).items())


def attributes(kind: type) -> dict[str, str]:
    """What the docstring of a class, or of what it derives from, says of each attribute."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        _, _, body = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        found |= _entries(body)
    return found


def _entries(body: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in body.splitlines():
        begins = re.match(r"    (\w+): (.*)", line)
        if begins:
            name = begins[1]
            found[name] = begins[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return {name: text.replace("``", "`") for name, text in found.items()}


def cell(text: object) -> str:
    """Text that cannot end a cell of a table."""
    return str(text).replace("|", "\\|")


def arguments(function: Any) -> dict[str, str]:
    """What the docstring of a function says of each argument."""
    _, _, body = (inspect.getdoc(function) or "").partition("Args:\n")
    return _entries(re.split(r"^\w+:\n", body, flags=re.MULTILINE)[0])
