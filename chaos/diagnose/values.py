"""Reading objects that somebody wrote by hand: whatever has the wrong type counts as not there."""

from __future__ import annotations

from typing import Any

from chaos.cluster.selector import labels_text
from chaos.model.object import Object


def mapping(value: Any, *path: str) -> Object:
    """The object at a path of fields; empty where there is none."""
    for field in path:
        value = value.get(field) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Object]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A scalar as a manifest has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def texts(value: Any) -> list[str]:
    """A list of scalars."""
    return [text(item) for item in value] if isinstance(value, list) else []


def number(value: Any, otherwise: int) -> int:
    """A whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def labels_of(value: Any) -> dict[str, str]:
    """A map of labels."""
    return {str(key): text(item) for key, item in value.items()} if isinstance(value, dict) else {}


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether a Service's selector selects pods with these labels; an empty one selects none."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def shown(labels: dict[str, str]) -> str:
    """``a=b,c=d``."""
    return labels_text(labels) or "nothing"
