"""Label selectors as objects have them: matchLabels and matchExpressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaos.diagnose.values import labels_of, mapping, mappings, text, texts


def matches(selector: Any, labels: dict[str, str], known: Callable[[str], bool] = lambda _: True) -> bool | None:
    """Whether a selector matches an object with these labels; an empty one matches every object.

    Args:
        selector: with ``matchLabels``, ``matchExpressions``, both or neither.
        labels: of the object.
        known: whether it is known that the object has only what `labels` says about a key.

    Returns:
        None where that depends on a label that is not known.
    """
    selector = mapping(selector)
    rows = [(key, "In", [value]) for key, value in labels_of(selector.get("matchLabels")).items()]
    rows += [
        (text(row.get("key")), text(row.get("operator")), texts(row.get("values")))
        for row in mappings(selector.get("matchExpressions"))
    ]
    found = [
        _holds(operator, values, labels.get(key)) if key in labels or known(key) else None
        for key, operator, values in rows
    ]
    return False if False in found else None if None in found else True


def _holds(operator: str, values: list[str], value: str | None) -> bool:
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    return (value is None) is (operator == "DoesNotExist")
