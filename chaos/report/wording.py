"""Values of run.json and of notes in words: no reader should have to know Python."""

from __future__ import annotations

from typing import Any

# Kubernetes' conditions are the texts True and False; tables show them in the same words as booleans.
_TEXTS = {"True": "yes", "False": "no", "": "none", "None": "none"}


_G_BELOW = 1e6  # from here on "g" writes an exponent


def words(value: Any, decimals: str = "g") -> str:
    """A value for people.

    Args:
        value: whatever JSON knows; tuples are lists.
        decimals: how to write a fraction, as a format.
    """
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:{decimals if abs(value) < _G_BELOW else '.0f'}}"
    if isinstance(value, dict):
        return ", ".join(f"{_key(key)}: {words(one, decimals)}" for key, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(words(one, decimals) for one in value) or "none"
    return _TEXTS.get(str(value), str(value))


def _key(key: object) -> str:
    return str(key).replace("_", " ")
