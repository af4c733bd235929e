"""Fixes applied to manifests as they say it, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from chaos.diagnose import Diagnosis
from tests.diagnose.looking import of_text

Change = Callable[[dict[str, Any]], None]


def mended(text: str, *changes: tuple[str, Change]) -> Diagnosis:
    """What is found after changes to objects: each to the one called ``Kind/name``."""
    rows = list(yaml.safe_load_all(text))
    for called, change in changes:
        kind, _, name = called.partition("/")
        change(next(row for row in rows if (row["kind"], row["metadata"]["name"]) == (kind, name)))
    return of_text(yaml.safe_dump_all(rows))


def set_to(path: str, value: object) -> Change:
    """Set a field, such as ``spec.template.spec.hostname``; None takes it out."""

    def change(obj: dict[str, Any]) -> None:
        *above, last = path.split(".")
        for step in above:
            obj = obj.setdefault(step, {})
        if value is None:
            obj.pop(last, None)
        else:
            obj[last] = value

    return change
