"""Options that an experiment of one's own brings: whether they can be."""

from __future__ import annotations

import re
from typing import Any

from chaos.errors import UsageError
from chaos.options.kinds import Kind, shown
from chaos.options.option import Option

# Of `chaos run` itself, or of a variable that means something else: CHAOS_DEBUG, CHAOS_IDENTIFY_PASSWORD.
_RESERVED = ("all", "config", "debug", "help", "identify-password", "identify-user", "profile")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST = 40


def check_own(option: Option[Any], where: str) -> None:
    """Refuse one that cannot be given, or would mean two things.

    Args:
        option: of an experiment of one's own.
        where: which experiment, for the message.

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
    if not isinstance(option.kind, Kind):
        raise UsageError(
            f"{where}: the kind of {option.flag} is {shown(repr(option.kind))}",
            hint="it must be one, such as Whole(1, 100)",
        )
    if not isinstance(option.help, str) or not option.help:
        raise UsageError(f"{where}: {option.flag} has no help", hint="a sentence for people")
    option.check(option.default, f"{where}: the default of {option.flag}")
