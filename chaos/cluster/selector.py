"""A label selector of an object, as the API server reads it in a request."""

from __future__ import annotations

from typing import Any

_OPERATORS = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}


def selector_text(selector: dict[str, Any]) -> str:
    """``a=b,c in (d,e)``; empty: it selects everything."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        values = ",".join(one.get("values") or ())
        parts.append(_OPERATORS[one["operator"]].format(key=one["key"], values=values))
    return ",".join(parts)
