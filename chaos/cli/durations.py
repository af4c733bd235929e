"""Times on the command line: `10ms`, `1.5s`, `2m`, or plain seconds."""

from __future__ import annotations

import re

import typer

_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "": 1.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(us|ms|s|m|)")


def duration(text: str | float) -> float:
    """Seconds.

    Raises:
        typer.BadParameter: it is no time.
    """
    if isinstance(text, float):
        return text
    found = _FORM.fullmatch(str(text).strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time; write it like 10ms, 1.5s or 2m")
    return float(found[1]) * _UNITS_S[found[2]]
