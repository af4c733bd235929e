"""A label selector of an object, as the API server reads it in a request."""

from __future__ import annotations

from typing import Any

_OPERATORS = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}


def labels_text(labels: dict[str, str]) -> str:
    """``a=b,c=d``: the selector of what has all of them; empty: it selects everything."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def selector_text(selector: dict[str, Any]) -> str:
    """``a=b,c in (d,e)``; empty: it selects everything."""
    labels = labels_text(selector.get("matchLabels") or {})
    parts = [labels] if labels else []
    for one in selector.get("matchExpressions") or ():
        values = ",".join(one.get("values") or ())
        parts.append(_OPERATORS[one["operator"]].format(key=one["key"], values=values))
    return ",".join(parts)
