"""Objects as the API server keeps them: trees of JSON values; and what it answers where it refuses one."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def clone(value: Any) -> Any:
    """A deep copy of a tree of JSON values; several times faster than `copy.deepcopy`, which every write pays."""
    if type(value) is dict:
        return {key: clone(item) for key, item in value.items()}
    if type(value) is list:
        return [clone(item) for item in value]
    return value


class StoreError(Exception):
    """A refused operation: HTTP status and Status.reason as the real API server gives them."""

    def __init__(self, status: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.details = status, reason, message, details or {}
