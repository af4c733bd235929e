"""The values of a document's nodes."""

from __future__ import annotations

from typing import Any, Final

import yaml

from kubesim.documents.composing import PLAIN
from kubesim.documents.scalars import MERGE_TAG, TEXT_TAG, ScalarError, as_key, in_json, plain, tagged

# A manifest of the largest object that etcd takes (1.5 MiB) has fewer; more is an alias that was made to explode.
_MOST_VALUES: Final = 1_000_000


class UnusableValueError(ValueError):
    """A value that kubectl refuses.

    Attributes:
        line: of the document, counted from 0.
    """

    def __init__(self, problem: str, node: yaml.Node) -> None:
        super().__init__(problem)
        self.line = node.start_mark.line


def construct(node: yaml.Node) -> Any:
    """What a node stands for, as JSON has it.

    Raises:
        UnusableValueError: it has no form in JSON, holds itself, or is too large.
        RecursionError: it is nested too deep.
    """
    if _size(node, {}, set()) > _MOST_VALUES:
        raise UnusableValueError(f"this document has more than {_MOST_VALUES} values with its aliases resolved", node)
    return _value(node)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        if node.tag == TEXT_TAG:
            return node.value
        try:
            return in_json(_scalar(node))
        except ScalarError as exc:
            raise UnusableValueError(str(exc), node) from exc
    if isinstance(node, yaml.SequenceNode):
        return [_value(one) for one in node.value]
    return _mapping(node)


def _scalar(node: yaml.ScalarNode) -> Any:
    return plain(node.value) if node.tag == PLAIN else tagged(node.tag, node.value)


def _mapping(node: yaml.Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.tag in (PLAIN, MERGE_TAG):
            _merge(found, value)
            continue
        found[_key(key)] = _value(value)
    return found


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise UnusableValueError("a mapping or a list is the key of a mapping", node)
    if node.tag == TEXT_TAG:
        return str(node.value)
    try:
        return as_key(_scalar(node))
    except ScalarError as exc:
        raise UnusableValueError(str(exc), node) from exc


def _merge(found: dict[str, Any], node: yaml.Node) -> None:
    """What stands behind ``<<``: it overrides what stands before it, as in go-yaml 2."""
    sources = list(reversed(node.value)) if isinstance(node, yaml.SequenceNode) else [node]
    for source in sources:
        if not isinstance(source, yaml.MappingNode):
            raise UnusableValueError("<< takes a mapping or a list of mappings", source)
        found.update(_mapping(source))


def _size(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """How many values a node stands for, each alias counted as often as it is used."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    own = id(node)
    if own in above:
        raise UnusableValueError("a value contains itself", node)
    if own not in known:
        above.add(own)
        children = [one for pair in node.value for one in pair] if isinstance(node, yaml.MappingNode) else node.value
        known[own] = 1 + sum(_size(child, known, above) for child in children)
        above.discard(own)
    return known[own]
