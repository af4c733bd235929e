"""Words of a command line are left as they were typed: `chaos.options` reads them, and says what is wrong with them."""

from __future__ import annotations

import os
import re
from typing import Any

from typer.core import TyperCommand

_WIDE = "10000"  # columns, which no help of an option has
_MARKUP = re.compile(r"\[(?=[a-z#/@][^\[]*?\])")  # what rich takes for markup, as its own `escape` finds it


class AsTyped:
    """Makes the parameters of a command of typer's take words and flags as they stand.

    Typer's own reading of values imports pydantic and builds a schema for each option, even where only help is asked
    for: that would double the time until a command begins.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, the one for help among them."""
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in found:
            if not isinstance(parameter.process_value, _Reader):
                parameter.process_value = _Reader(parameter)
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""  # else help says <bool>, and --version true means nothing
        return found

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """What the shell offers. Typer lets rich render help there: it must neither break lines nor eat brackets."""
        os.environ.setdefault("TERMINAL_WIDTH", _WIDE)
        found: list[Any] = super().shell_complete(ctx, incomplete)  # type: ignore[misc]
        for item in found:
            item.help = _MARKUP.sub(r"\\[", item.help) if item.help else None
        return found


class WordsCommand(AsTyped, TyperCommand):
    """A command whose parameters are taken as they were typed."""


class _Reader:
    def __init__(self, parameter: Any) -> None:
        self._parameter = parameter
        self._read = parameter.process_value

    def __call__(self, ctx: Any, value: Any) -> Any:
        if self._parameter.required and not value and not ctx.resilient_parsing:
            return self._read(ctx, value)  # which says that it is missing
        if getattr(self._parameter, "multiple", False) or self._parameter.nargs != 1:
            value = tuple(value or ())
        call = self._parameter.callback
        return value if call is None else call(ctx, self._parameter, value)
