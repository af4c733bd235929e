"""Classes and values of the user's own: made what they must be, or refused in words that say which is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


def as_dataclass(cls: type) -> None:
    """Make a class a frozen dataclass.

    Raises:
        TypeError: its fields cannot be one's; names the class and the field, which `dataclasses` do not.
    """
    try:
        dataclass(frozen=True)(cls)
    except (TypeError, ValueError) as exc:
        found = f"{exc}".partition(": use default_factory")[0]
        if "follows default argument" in found:
            field = found.split("'")[1]
            found = f"{field} has no default and stands after a field that has one: move it up, or give it one"
        elif "mutable default" in found:
            found = f"{found}, since all of them would share it: a tuple, say"
        raise TypeError(f"the fields of {cls.__name__}: {found}") from None


def check_json(of: str, values: dict[str, object]) -> None:
    """Refuse values that no file of a run can hold.

    Args:
        of: whose they are, for the message.
        values: by name.

    Raises:
        TypeError: names the first that is none, and what may be.
    """
    for name, value in values.items():
        if wrong := _no_json(value):
            raise TypeError(
                f"{of}: {name} holds a {wrong}, and must hold what JSON knows: texts, numbers, True, False, None, "
                "and tuples, lists or dicts of them; of a pod its name or uid"
            )


def _no_json(value: object) -> str:
    """The class of the first value inside that JSON does not know; empty where it knows all of them."""
    if value is None or isinstance(value, str | int | float | bool):
        return ""
    if isinstance(value, dict):
        keys = (type(key).__name__ for key in value if not isinstance(key, str))
        return next((f"dict with a key of type {key}" for key in keys), "") or _first(value.values())
    return _first(value) if isinstance(value, tuple | list) else type(value).__name__


def _first(values: Iterable[object]) -> str:
    return next(filter(None, map(_no_json, values)), "")
