"""Parts that a table names, imported when they are asked for: what stands behind them is optional, or slow to import.

The one place where modules are imported by name. Who wants a part has a table of such names; `tests/test_imports.py`
looks each of them up.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any


def load(name: str) -> Any:
    """What ``package.module:name`` is; its module is imported now.

    Raises:
        ImportError: a library of it is not installed.
    """
    return resolve_name(name)


def plugin(name: str) -> Callable[..., Any]:
    """A function that is loaded whenever it is called; the table that it is put into says its type."""

    def call(*args: Any, **options: Any) -> Any:
        return load(name)(*args, **options)

    return call
