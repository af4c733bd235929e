"""Manifests of files, with the line of each field."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from chaos.diagnose.folders import files_of, of_another_program
from chaos.diagnose.location import SourceLocation
from chaos.diagnose.not_read import NotRead, Why
from chaos.diagnose.snapshot import Item, Snapshot
from chaos.diagnose.templates import is_template, template_line, unrendered
from chaos.errors import UsageError
from kubesim import Document, DocumentError, read_documents

STDIN = "-"
_LIST = "List"
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


def read_files(names: Sequence[str], namespace: str) -> Snapshot:
    """The objects of files, in their order; ``-`` is standard input. What holds none does not hide the others.

    Args:
        names: of files, or of folders with files.
        namespace: of objects that name none.

    Raises:
        UsageError: a file cannot be opened, or a folder has none.
    """
    items: list[Item] = []
    not_read: list[NotRead] = []
    for name in names:
        is_folder = name != STDIN and Path(name).is_dir()
        for file in files_of(Path(name)) if is_folder else (name,):
            if isinstance(file, NotRead):
                not_read.append(file)
                continue
            label = "<stdin>" if file == STDIN else str(file)
            found = list(parse(_read(str(file)), label, namespace, chosen=not is_folder))
            items += (one for one in found if isinstance(one, Item))
            not_read += _once(one for one in found if isinstance(one, NotRead))
    return Snapshot(tuple(items), "in the given files", not_read=tuple(not_read))


def _once(rows: Iterator[NotRead]) -> Iterator[NotRead]:
    """What is said of a file as a whole is said once."""
    seen = set()
    for row in rows:
        if row.why is Why.BROKEN or row.why not in seen:
            yield row
        seen.add(row.why)


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as exc:
        raise UsageError(f"{name} cannot be read: {exc.strerror}", hint="give files of YAML or JSON") from exc


def parse(content: str | bytes, file: str, namespace: str, *, chosen: bool = True) -> Iterator[Item | NotRead]:
    """The objects of one text, and what of it holds none.

    Args:
        content: the text.
        file: its name, for lines.
        namespace: of objects that name none.
        chosen: whether the file was named, and is not one of a folder; what is no object is then a mistake.
    """
    for document in read_documents(content):
        line = document.line if isinstance(document, DocumentError) else document.first_line + 1
        if isinstance(document, DocumentError):
            braces = template_line(document.text)
            if braces:
                yield unrendered(file, 0, document.text)
            else:
                yield NotRead(Why.BROKEN, file, line, str(document), "mend that line")
        elif is_template(document.value):
            yield unrendered(file, line, document.text)
        elif not _is_object(document.value) and (other := _other(document, file, chosen=chosen)):
            yield other
        else:
            yield from _objects(document.value, document.node, document, file, namespace)


def _other(document: Document, file: str, *, chosen: bool) -> NotRead | None:
    """Whether a document that is no object is for another program."""
    value = document.value
    named = of_another_program(Path(file), value)
    if named is not None or chosen:
        return named
    if isinstance(value, dict) and value.keys() & {"apiVersion", "kind", "metadata"}:
        return None
    return NotRead(Why.NO_MANIFEST, file, document.first_line + 1, "it is no manifest: it has no apiVersion and kind")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("apiVersion", "kind"))


def _objects(
    value: Any, node: yaml.Node, document: Document, file: str, namespace: str, of: tuple[str, str] | None = None
) -> Iterator[Item | NotRead]:
    if of is not None and isinstance(value, dict):  # kubectl gives the items of a typed list the list's kind
        value = {"apiVersion": of[0], "kind": of[1], **value} if "kind" not in value else value
    line = document.first_line + node.start_mark.line + 1
    if not _is_object(value):
        what = "this document is no Kubernetes object: it has no apiVersion and kind"
        yield NotRead(Why.BROKEN, file, line, what, "write both, or leave it out: each document is one object")
        return
    kind = value["kind"]
    if kind.endswith(_LIST) and isinstance(value.get("items"), list):
        own = None if kind == _LIST else (value["apiVersion"], kind.removesuffix(_LIST))
        rows = next((v.value for k, v in node.value if k.value == "items"), [node] * len(value["items"]))  # else merged
        for one, row in zip(value["items"], rows, strict=False):
            yield from _objects(one, row, document, file, namespace, own)
        return
    meta = value.get("metadata")
    named = meta.get("namespace") if isinstance(meta, dict) else None
    where = "" if kind in _CLUSTER_WIDE else str(named or namespace)
    yield Item(value, where, SourceLocation(file, node, document.first_line))
