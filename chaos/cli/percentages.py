"""Parts of one on the command line: `10%` or `0.1`."""

from __future__ import annotations

import re

import typer

_FORM = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(%?)")


def percentage(text: str | float) -> float:
    """A part of one.

    Raises:
        typer.BadParameter: it is no percentage.
    """
    if isinstance(text, float):
        return text
    found = _FORM.fullmatch(str(text).strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no percentage; write it like 10% or 0.1")
    return float(found[1]) / 100 if found[2] else float(found[1])
