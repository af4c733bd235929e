"""Permissions that an experiment declares, as texts: ``VERB[,VERB] RESOURCE[.GROUP]``."""

from __future__ import annotations

import re

from chaos.experiment.expected import did_you_mean

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_VERB = f"({'|'.join(_VERBS)})"
_USE = re.compile(rf"{_VERB}(,{_VERB})* [a-z]+(/[a-z]+)?(\.[a-z0-9.-]+)?")


def is_use(use: object) -> bool:
    """Whether it is one."""
    return isinstance(use, str) and bool(_USE.fullmatch(use))


def no_use(uses: object) -> str:
    """What is wrong with the first text that is none; empty where there is no such text."""
    given = uses if isinstance(uses, tuple | list) else ()
    wrong = next((use for use in given if isinstance(use, str) and not is_use(use)), "")
    if not wrong:
        return ""
    for verb in wrong.partition(" ")[0].split(","):
        if verb not in _VERBS:
            meant = did_you_mean(verb, _VERBS)
            return " ".join(filter(None, (f"{verb!r} is no verb:", meant, f"verbs: {', '.join(_VERBS)}")))
    return f"{wrong!r} is not VERB[,VERB] RESOURCE[.GROUP]: small letters, the resource in the plural"
