"""Where in a file an object was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True, eq=False)
class SourceLocation:
    """Where an object was written.

    Attributes:
        node: its YAML node.
        first_line: of its document in the file, counted from 0; the node counts from there.
    """

    file: str
    node: yaml.Node
    first_line: int = 0

    def line(self, path: Sequence[str | int], offset: int = 0) -> int:
        """The line of a field, or of the nearest one above it that exists; `offset` lines into its text."""
        return self.first_line + self._line(path, offset)

    def _line(self, path: Sequence[str | int], offset: int) -> int:
        node, line = self.node, self.node.start_mark.line
        for step in path:
            found = _child(node, step)
            if found is None:
                return line + 1
            node, line = found
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return line + 2 + offset  # a block begins on the line after its mark
        return line + 1


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found = node.value[step]
        return found, found.start_mark.line
    return None
