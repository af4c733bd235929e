"""Permissions that an experiment declares, as texts: ``VERB[,VERB] RESOURCE[.GROUP]``."""

from __future__ import annotations

import re

from chaos.cluster.client import API_VERSIONS
from chaos.experiment.expected import did_you_mean

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_VERB = f"({'|'.join(_VERBS)})"
_USE = re.compile(rf"{_VERB}(,{_VERB})* [a-z]+(/[a-z]+)?(\.[a-z0-9.-]+)?")


# Resource → its group, of the kinds that this tool knows; empty for the core group. Events are of two.
_GROUPS = {
    f"{kind.lower().removesuffix('s')}s".replace("policys", "policies"): version.rpartition("/")[0]
    for kind, version in API_VERSIONS.items()
    if kind != "Event"
}


def is_use(use: object) -> bool:
    """Whether it is one."""
    return isinstance(use, str) and bool(_USE.fullmatch(use)) and not _right_group(use)


def _right_group(use: str) -> str:
    """The resource with its group, where another is named, or none; else empty."""
    resource, _, group = use.rpartition(" ")[2].partition(".")
    right = _GROUPS.get(resource.partition("/")[0], group)
    return "" if group == right else f"{resource}.{right}".rstrip(".")


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
    if _USE.fullmatch(wrong):
        return f"{wrong.rpartition(' ')[2]!r} is of another group: {_right_group(wrong)}"
    return f"{wrong!r} is not VERB[,VERB] RESOURCE[.GROUP]: small letters, the resource in the plural"
