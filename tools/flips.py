"""Two operators that Cosmic Ray has not: the condition of a comprehension, and membership."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import parso

_Position = tuple[tuple[int, int], tuple[int, int]]


class NegateComprehensionIf:
    """``[x for x in y if z]`` → ``[x for x in y if not (z)]``."""

    def mutation_positions(self, node: Any) -> Iterator[_Position]:
        """The condition of a comprehension."""
        if node.type == "comp_if":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Negates it."""
        assert index == 0
        condition = node.children[1]
        node.children[1] = parso.parse(f" not ({condition.get_code().strip()})")
        return node


class NegateMembership:
    """``x in y`` ↔ ``x not in y``."""

    def mutation_positions(self, node: Any) -> Iterator[_Position]:
        """Each such operator of a comparison."""
        if node.type == "comparison":
            for operator in node.children[1::2]:
                if operator.get_code().split() in (["in"], ["not", "in"]):
                    yield operator.start_pos, operator.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Turns it into the other one."""
        places = [p for p in range(1, len(node.children), 2) if node.children[p].get_code().split()[-1] == "in"]
        operator = node.children[places[index]]
        node.children[places[index]] = parso.parse(" in" if "not" in operator.get_code() else " not in")
        return node


class _Flips:
    """As Cosmic Ray's own providers of operators."""

    _operators: ClassVar = {one.__name__: one for one in (NegateComprehensionIf, NegateMembership)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._operators)

    def __getitem__(self, name: str) -> type[NegateComprehensionIf | NegateMembership]:
        return self._operators[name]


FLIPS = _Flips()
