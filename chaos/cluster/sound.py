"""What every object of an API server has, in types that can be relied on."""

from __future__ import annotations

from typing import Any

_MAPS, _ROWS = ("labels", "annotations"), ("ownerReferences", "managedFields", "finalizers")


def check_object(found: Any) -> None:
    """Look at what tells one object from another, and whose it is.

    Raises:
        TypeError: it is not what an API server answers.
    """
    if not isinstance(found, dict) or not isinstance(meta := found.get("metadata"), dict):
        raise TypeError("no object")
    if not all(isinstance(meta.get(name), str) and meta[name] for name in ("name", "uid")):
        raise TypeError("an object without a name or a UID")
    if not all(isinstance(meta.get(name), dict | None) for name in _MAPS):
        raise TypeError("labels that are none")
    if not all(isinstance(meta.get(name), list | None) for name in _ROWS):
        raise TypeError("metadata that is none")
    if not all(isinstance(row, dict) for name in _ROWS[:2] for row in meta.get(name) or ()):
        raise TypeError("owners that are none")
    if not all(isinstance(found.get(name), dict | None) for name in ("spec", "status", "data")):
        raise TypeError("an object without its parts")
