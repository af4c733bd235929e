"""What is changed in a new object of each kind, and in one that exists: read from `tables.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

DROP: Final = object()
Changes = tuple[tuple[str, Any], ...]
Row = tuple[str, Changes]

# The templates of workloads go through the same checks as pods: a part of them suffices.
_EVERY = 6


class _Loader(yaml.SafeLoader):
    """Knows `!drop` and `!repeat [text, times]`."""


_Loader.add_constructor("!drop", lambda _loader, _node: DROP)
_Loader.add_constructor("!repeat", lambda loader, node: _repeated(*loader.construct_sequence(node)))  # type: ignore[arg-type]


def _repeated(text: str, times: int) -> str:
    return text * times


def _rows(table: dict[str, dict[str, Any]], prefix: str = "") -> tuple[Row, ...]:
    return tuple((what, tuple((prefix + path, value) for path, value in row.items())) for what, row in table.items())


def _creates(tables: dict[str, Any]) -> dict[str, tuple[Row, ...]]:
    found = {kind: _rows(table) for kind, table in tables["creates"].items()}
    selected, template = _rows(tables["selected"]), _rows(tables["pod"], "spec.template.spec.")[::_EVERY]
    for kind in ("StatefulSet", "Deployment"):
        found[kind] = (*selected, *template, *found[kind])
    return {**found, "Pod": _rows(tables["pod"], "spec.")}


_TABLES: Final[dict[str, Any]] = yaml.load(  # a SafeLoader of our own
    Path(__file__).with_name("tables.yaml").read_text(encoding="utf-8"), _Loader
)
EVERYWHERE: Final = _rows(_TABLES["everywhere"])
CREATES: Final = _creates(_TABLES)
# By kind: (what, name of the object, changes as JSON patch).
UPDATES: Final[dict[str, tuple[tuple[str, str, Changes], ...]]] = {
    kind: tuple((what, name, tuple(row.items())) for what, place in table.items() for name, row in place.items())
    for kind, table in _TABLES["updates"].items()
}
