"""A positional argument of a command. It is a field of a group too, and comes from the command line only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_META = "argument"


@dataclass(frozen=True)
class Argument:
    """A positional argument.

    Attributes:
        field: the attribute; its values are texts.
        many: whether it takes all that follow; then the attribute is a tuple.
        required: whether it must be there.
        complete: what the shell offers after TAB: begun → names.
    """

    field: str
    metavar: str
    help: str
    many: bool = False
    required: bool = True
    complete: Callable[[str], list[str]] | None = None


def argument(metavar: str, help: str, **more: Any) -> Any:  # noqa: A002 - as typer has it
    """A field of a group that is a positional argument; see `Argument` for what may be said of it."""
    said = {"metavar": metavar, "help": help, **more}
    return dataclasses.field(default=() if more.get("many") else "", metadata={_META: said})


def arguments_in(group: type) -> Iterator[Argument]:
    """The positional arguments that a group's fields are, in order."""
    for field in dataclasses.fields(group):
        said = field.metadata.get(_META)
        if said is not None:
            yield Argument(field.name, **said)
