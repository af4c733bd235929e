"""Parts that take long to import, so that only who runs them waits for that."""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any


def late(name: str) -> Callable[..., Any]:
    """A function that stands for ``package.module:name``, whose module is imported when it is called first.

    Its type is not known here: assign it to a variable with the right annotation.
    """

    def call(*args: Any, **options: Any) -> Any:
        return resolve_name(name)(*args, **options)

    return call
