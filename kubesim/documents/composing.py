"""The nodes of one document; with libyaml, which go-yaml was ported from, where PyYAML has it."""

from __future__ import annotations

from typing import Any, Final

import yaml
from yaml.composer import Composer, ComposerError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from kubesim.documents.scalars import TEXT_TAG

PLAIN: Final = ""  # the tag of a scalar without one and without quotes


class _Untyped:
    """Leaves it to `values` what a scalar stands for."""

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: tuple[bool, bool] | bool) -> str:
        if kind is yaml.ScalarNode:
            return PLAIN if isinstance(implicit, tuple) and implicit[0] else TEXT_TAG
        return "!"

    def descend_resolver(self, _parent: yaml.Node | None, _index: Any) -> None:
        """Nothing depends on where a node is."""

    def ascend_resolver(self) -> None:
        """See above."""


class _Python(_Untyped, Reader, Scanner, Parser, Composer):
    """PyYAML's own parser, but that an anchor may be given again, as YAML has it."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(getattr(event, "anchor", None), None)
        return super().compose_node(parent, index)


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _C(_Untyped, CParser):
        """Ten times as fast, and as strict as go-yaml about tabs and depth."""


def compose(text: str) -> yaml.Node | None:
    """The first document of a text; None where there is none.

    Raises:
        YAMLError: it is no YAML.
    """
    if not yaml.__with_libyaml__:
        return _composed(_Python(text))
    try:
        return _composed(_C(text))
    except ComposerError as exc:
        if "duplicate anchor" not in str(exc.context or exc.problem):
            raise
        return _composed(_Python(text))


def _composed(composing: Any) -> yaml.Node | None:
    try:
        return composing.get_node() if composing.check_node() else None
    finally:
        composing.dispose()
