"""Does a mapping have a key twice?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import yaml

from chaos.diagnose.check import Check, Needs
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.snapshot import Item, Snapshot

_KEY = "repeated-key"
_MERGE = "<<"


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for item in snapshot.items:
        if item.location is None:
            continue
        for first, again, same in _repeated(item.location.node, set()):
            yield _finding(item, item.location.first_line, first, again, same=same)


def _repeated(node: yaml.Node, seen: set[int]) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
    """(key, the same key again, whether it has the same value) below a node."""
    if isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _repeated(one, seen)
        return
    known: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        yield from _repeated(value, seen)
        if not isinstance(key, yaml.ScalarNode) or key.value == _MERGE:
            continue
        if key.value in known:
            first, before = known[key.value]
            yield first, key, _same(before, value)
        known[key.value] = key, value


def _same(one: yaml.Node, other: yaml.Node) -> bool:
    return isinstance(one, yaml.ScalarNode) and isinstance(other, yaml.ScalarNode) and one.value == other.value


def _finding(item: Item, first_line: int, first: yaml.Node, again: yaml.Node, *, same: bool) -> Diagnostic:
    above, below = (first_line + key.start_mark.line + 1 for key in (first, again))
    what = f"{first.value} is written twice in one mapping: kubectl takes the last one and does not tell"
    severity = Severity.NOTE if same else Severity.WARNING
    seen = f"lines {above} and {below}{', with the same value' if same else ''}"
    fix = f"take line {above} out, or put what it has into line {below}"
    at = replace(item.reference(), line=below)
    return Diagnostic(_KEY, severity, at, what, (seen,), fix, (item.name,) if item.kind == "StatefulSet" else ())


CHECK = Check(
    _KEY,
    "a key that a mapping has twice, such as two `env` or two `labels`",
    "asked of kubectl 1.37: the last one counts, also where it holds less, and nobody is told",
    (Severity.WARNING, Severity.NOTE),
    _look,
    needs=Needs.FILES,
)
