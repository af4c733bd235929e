"""Which changes of fields may be taken back where nothing but a file says that they were made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A patch of this tool is a few levels deep.
_DEPTH = 20
# Beside these stand who an object is and who owns it: what puts those back could have the object collected.
_RESTORABLE: dict[str, frozenset[str] | None] = {
    "spec": None,
    "data": None,
    "metadata": frozenset({"labels", "annotations"}),
}
# What runs: code that stands in a file is put back by people.
_PROGRAMS = frozenset({"template", "containers", "initContainers", "ephemeralContainers", "volumeClaimTemplates"})


def why_not_put_back(applied: dict[str, Any], restore: dict[str, Any]) -> str:
    """Why a merge patch must not be sent on the word of a file that says that another one was; empty where it may.

    Args:
        applied: what the run is said to have sent.
        restore: what would put the old values back.
    """
    if _is_deep(applied, _DEPTH) or _is_deep(restore, _DEPTH):
        return "its patch is deeper than any"
    if not restore or all(value is None for value in _leaves(applied)):  # that a field is absent proves nothing
        return "it does not say which values the run had set, or found"
    for key, value in (*applied.items(), *restore.items()):
        inside = _RESTORABLE.get(key, frozenset())
        if not isinstance(value, dict) or (inside is not None and not value.keys() <= inside):
            return "it would change what an object is, or whose"
    if restore.get("spec", {}).keys() & _PROGRAMS:
        return "it would change what runs"
    if not _is_within(restore, applied):
        return "it would change more than the run had"
    return ""


def _leaves(patch: dict[str, Any]) -> Iterator[Any]:
    for value in patch.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value


def _is_deep(patch: dict[str, Any], left: int) -> bool:
    return left == 0 or any(isinstance(value, dict) and _is_deep(value, left - 1) for value in patch.values())


def _is_within(restore: dict[str, Any], applied: dict[str, Any]) -> bool:
    """Whether a merge patch touches no field but those that another one had set."""
    for key, value in restore.items():
        if key not in applied:
            return False
        if isinstance(applied[key], dict) and not (isinstance(value, dict) and _is_within(value, applied[key])):
            return False
    return True
