"""Manifests of files, with the line of each field."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from chaos.diagnose.location import SourceLocation
from chaos.diagnose.snapshot import Item
from chaos.errors import UsageError

STDIN = "-"
# A manifest of the largest object that etcd takes (1.5 MiB) has fewer; more is an alias that was made to explode.
_MOST_VALUES = 1_000_000
_CLUSTER_WIDE = frozenset(
    {
        "APIService",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
    }
)


class _Loader(yaml.SafeLoader):
    """YAML as kubectl reads it: dates stay text. ``yes`` and ``on`` are booleans there too."""


def _as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)


def read_files(names: Sequence[str], namespace: str) -> list[Item]:
    """The objects of files, in their order; ``-`` is standard input.

    Args:
        names: of files, or of folders with files.
        namespace: of objects that name none.

    Raises:
        UsageError: one cannot be read, or holds something that is no object; says the line.
    """
    files = [file for name in names for file in _files(name)]
    return [item for file in files for item in parse(_read(file), _label(file), namespace)]


def _files(name: str) -> list[str]:
    """A file, or those of a folder, as kubectl takes them."""
    if name == STDIN or not Path(name).is_dir():
        return [name]
    found = [path for path in sorted(Path(name).iterdir()) if path.suffix in (".yaml", ".yml", ".json")]
    if not found:
        raise UsageError(f"{name} is a folder without .yaml, .yml or .json files")
    return [str(path) for path in found]


def _label(name: str) -> str:
    return "<stdin>" if name == STDIN else name


def _read(name: str) -> str:
    try:
        if name == STDIN:
            return sys.stdin.buffer.read().decode()
        return Path(name).read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{name} cannot be read: {exc.strerror}", hint="-f takes files of YAML or JSON") from exc
    except UnicodeDecodeError as exc:
        raise UsageError(f"{_label(name)} is no text: {exc}", hint="-f takes files of YAML or JSON") from exc


def parse(content: str, file: str, namespace: str) -> Iterator[Item]:
    """The objects of one text.

    Raises:
        UsageError: see `read_files`.
    """
    loader = _Loader(content)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                return
            yield from _objects(loader, node, file, namespace)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = f":{mark.line + 1}" if mark else ""
        said = " ".join(filter(None, (exc.context, exc.problem)))
        raise UsageError(f"{file}{line}: this is no YAML: {said}", hint="mend that line") from exc
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise UsageError(f"{file}: this is no YAML: {' '.join(str(exc).split())}", hint="mend it") from exc
    finally:
        loader.dispose()


def _objects(loader: _Loader, node: yaml.Node, file: str, namespace: str) -> Iterator[Item]:
    line = node.start_mark.line + 1
    if _size(node, {}, ()) > _MOST_VALUES:
        raise UsageError(f"{file}:{line}: this document has more than {_MOST_VALUES} values with its aliases resolved")
    value = loader.construct_document(node)
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("apiVersion", "kind")):
        raise UsageError(
            f"{file}:{line}: this document is no Kubernetes object: it has no apiVersion and kind",
            hint="each document of a manifest is one object",
        )
    if value["kind"] == "List" and isinstance(value.get("items"), list):
        rows = next(v for k, v in node.value if k.value == "items").value
        for row in rows:
            yield from _objects(loader, row, file, namespace)
        return
    meta = value.get("metadata")
    own = meta.get("namespace") if isinstance(meta, dict) else None
    where = "" if value["kind"] in _CLUSTER_WIDE else str(own or namespace)
    yield Item(value, where, SourceLocation(file, node))


def _size(node: yaml.Node, known: dict[int, int], above: tuple[int, ...]) -> int:
    """How many values a node stands for, each alias counted as often as it is used."""
    if id(node) in above:
        raise ValueError(f"line {node.start_mark.line + 1}: a value contains itself")
    if id(node) not in known:
        inside: tuple[int, ...] = (*above, id(node))
        total = 1
        for child in node.value if not isinstance(node, yaml.ScalarNode) else ():
            parts: Any = child if isinstance(child, tuple) else (child,)
            total += sum(_size(part, known, inside) for part in parts)
        known[id(node)] = total
    return known[id(node)]
