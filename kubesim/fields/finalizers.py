"""Names of finalizers, wherever they stand (ValidateFinalizerName)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value

_STANDARD = ("kubernetes", "orphan", "foregroundDeletion")


def finalizers(found: Iterable[str], path: str, *, indexed: bool = True, free: bool = False) -> Iterator[Cause]:
    """What is wrong with them; `free` ones need not be standard ones nor have a slash."""
    for i, finalizer in enumerate(found):
        at = f"{path}[{i}]" if indexed else path
        if complaints := names.qualified_name(finalizer):
            yield from (invalid_value(at, finalizer, text) for text in complaints)
        elif not free and "/" not in finalizer and finalizer not in _STANDARD:
            yield invalid_value(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
