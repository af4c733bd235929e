"""Whether an object has the values of a patch."""

from __future__ import annotations

from typing import Any


def has_values(found: Any, patch: Any, *, filled_in: bool = False, by_type: bool = False) -> bool:
    """Whether an object looks as if the merge patch had just been applied.

    Args:
        found: the live object, or what stands in it at that place.
        patch: that was applied.
        filled_in: whether entries of lists may have fields that it does not name: the server fills them in, and nobody
            knows its answer.
        by_type: whether entries of lists with a type are found by it, among others, as conditions are.
    """
    if isinstance(patch, dict):
        inside = found or {}
        return isinstance(inside, dict) and all(
            has_values(inside.get(key), value, filled_in=filled_in, by_type=by_type) for key, value in patch.items()
        )
    if filled_in and isinstance(patch, list):
        rows = found if isinstance(found, list) else []
        if by_type and patch and all(isinstance(row, dict) and "type" in row for row in patch):
            typed = {row.get("type"): row for row in rows if isinstance(row, dict)}
            rows = [typed.get(row["type"]) for row in patch]
        elif not isinstance(found, list):
            return bool(found == patch)
        return len(rows) == len(patch) and all(
            has_values(there, said, filled_in=True, by_type=by_type) for there, said in zip(rows, patch, strict=True)
        )
    return bool(found == patch)
