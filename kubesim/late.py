"""Parts that take long to import, so that only who runs them waits for that."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any


def late(name: str) -> Callable[..., Any]:
    """The function ``package.module:name``, whose module is imported when it is called; who keeps it says its type."""

    def call(*args: Any, **options: Any) -> Any:
        return resolve_name(name)(*args, **options)

    return call
