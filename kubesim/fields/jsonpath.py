"""The simple JSON paths that columns of custom kinds are given by, such as ``.status.conditions[0].type``."""

from __future__ import annotations

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\\])+)
      |\[(?P<index>-?\d+|\*)\]
      |\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]
      |\[\?\(@\.(?P<key>[\w.-]+)\s*==\s*(?P<mark>['"])(?P<wanted>.*?)(?P=mark)\)\]""",
    re.VERBOSE,
)


def first(value: Any, path: str) -> Any:
    """The first value at a path; None where there is none, or where the path is of another form."""
    at, found = 0, [value]
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        at = step.end()
        found = [inner for outer in found for inner in _inner(outer, step)]
    return found[0] if found else None


def _inner(value: Any, step: re.Match[str]) -> list[Any]:
    name = step["quoted"] if step["quoted"] is not None else step["name"]
    if name is not None:
        key = re.sub(r"\\(.)", r"\1", name)
        return [value[key]] if isinstance(value, dict) and key in value else []
    if not isinstance(value, list):
        return []
    if step["key"] is not None:
        return [item for item in value if isinstance(item, dict) and str(item.get(step["key"])) == step["wanted"]]
    if step["index"] == "*":
        return value
    index = int(step["index"])
    return [value[index]] if -len(value) <= index < len(value) else []
