"""Options that an experiment of one's own brings: whether they can be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.options.kinds import Choice, File, Flag, Kind, Many, Text, shown, shown_toml
from chaos.options.numbers import Duration, Number, Percentage, Whole
from chaos.options.option import Option

# Of `chaos run` itself, or of a variable that means something else: CHAOS_DEBUG, CHAOS_IDENTIFY_PASSWORD.
_RESERVED = ("all", "config", "debug", "help", "identify-password", "identify-user", "profile")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST = 40


def check_own(option: Option[Any], where: str) -> None:
    """Refuse one that cannot be given, or would mean two things.

    Args:
        option: of an experiment of one's own.
        where: file and line, for the message.

    Raises:
        UsageError: says what is wrong with it.
    """
    name = option.name
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{where} brings an option named {shown(name)!r}, which cannot be a flag",
            hint=f'small letters, digits and single dashes, at most {_LONGEST}; --keys is Option("keys", …)',
        )
    if name in _RESERVED or name.startswith("no-"):
        raise UsageError(
            f"{where} brings an option {option.flag}, which means something else", hint="choose another name for it"
        )
    if option.short:
        raise UsageError(
            f"{where}: {option.flag} has a short flag {option.short}", hint="only chaos run's own have one"
        )
    _check_kind(option, where)
    if not isinstance(option.help, str) or not option.help:
        raise UsageError(f"{where}: {option.flag} has no help", hint="a sentence for people")
    _check_default(option, where)


def _check_kind(option: Option[Any], where: str) -> None:
    """Whether its kind is one, and can have values at all."""
    kind: object = option.kind
    if isinstance(kind, type) and issubclass(kind, Kind):
        raise UsageError(
            f"{where}: the kind of {option.flag} is the class {kind.__name__}, and must be one made of it",
            hint=f"such as {_EXAMPLES.get(kind, f'{kind.__name__}()')}",
        )
    if not isinstance(kind, Kind):
        meant = _INSTEAD.get(kind) if isinstance(kind, type) else None
        raise UsageError(
            f"{where}: the kind of {option.flag} is {shown(repr(kind))}",
            hint=f"it must be one, such as {_EXAMPLES[meant or Whole]}",
        )
    words = getattr(kind, "words", ("",))
    if not isinstance(words, tuple | list) or not words or not all(isinstance(word, str) for word in words):
        raise UsageError(
            f"{where}: the words of {option.flag} are {shown_toml(words)}, and must be a tuple of texts",
            hint=f"such as {_EXAMPLES[Choice]}",
        )
    for low, high in (("low", "high"), ("low_s", "high_s")):
        least, most = getattr(kind, low, 0), getattr(kind, high, 0)
        numbers = all(isinstance(one, int | float) for one in (least, most))
        if not numbers or (hasattr(kind, high) and least > most):
            raise UsageError(
                f"{where}: {option.flag} goes from {shown_toml(least)} to {shown_toml(most)}",
                hint=f"the least number, then the greatest: {_EXAMPLES.get(type(kind), 'Whole(1, 100)')}",
            )


def _check_default(option: Option[Any], where: str) -> None:
    """Of the kind's own type: what a user types is read first, a default is not."""
    default, said = option.default, f"{where}: the default of {option.flag}"
    if default is None:
        return
    types, wanted = _TYPES.get(str(option.kind.schema().get("type", "string")), (object, ""))
    if not isinstance(default, types) or (isinstance(default, bool) and types is not bool):
        given = f'"{shown(default)}"' if isinstance(default, str) else shown_toml(default)
        raise UsageError(f"{said} is {given}, and must be {wanted} {option.kind.between()}".rstrip())
    option.check(default, said)


_EXAMPLES: dict[type, str] = {
    Whole: "Whole(1, 100)",
    Number: "Number(100.0)",
    Duration: "Duration(1.0, 600.0)",
    Percentage: "Percentage(1, 100)",
    Choice: 'Choice(("one", "other"))',
    Text: "Text()",
    Flag: "Flag()",
    Many: "Many()",
    File: "File()",
}
_INSTEAD: dict[type, type] = {int: Whole, float: Number, str: Text, bool: Flag, tuple: Many, Path: File}
# JSON Schema's types: Python's, and in words.
_TYPES: dict[str, tuple[Any, str]] = {
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
    "boolean": (bool, "True or False"),
    "string": (str | Path, "a text"),
    "array": (tuple, "a tuple of texts"),
}
