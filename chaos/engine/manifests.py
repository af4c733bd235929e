"""Reads manifests and places them into a namespace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from chaos.cluster.client import API_VERSIONS
from chaos.errors import UsageError
from chaos.model.object import Object
from chaos.options.agents import PodOptions
from kubesim import DocumentError, read_documents

_SHOWN = 80


# What this tool itself reads of an object, and what it must be; the rest is for the API server to judge.
_TEXTS, _REPLICAS, _ORDINAL = "a mapping of texts", "a whole number from 0 to 10,000", "a whole number from 0"
_MOST_REPLICAS = 10_000  # each name is written down before anything is made
_SHAPES: tuple[tuple[str, str], ...] = (
    ("apiVersion", "a text"),
    ("kind", "a text"),
    ("metadata", "a mapping"),
    ("metadata.name", "a text"),
    ("metadata.labels", _TEXTS),
    ("metadata.annotations", _TEXTS),
    ("spec", "a mapping"),
)
_WORKLOAD_SHAPES: tuple[tuple[str, str], ...] = (
    ("spec.replicas", _REPLICAS),
    ("spec.ordinals", "a mapping"),
    ("spec.ordinals.start", _ORDINAL),
    ("spec.selector", "a mapping"),
    ("spec.selector.matchLabels", _TEXTS),
    ("spec.template", "a mapping"),
    ("spec.template.metadata", "a mapping"),
    ("spec.template.metadata.labels", _TEXTS),
    ("spec.template.spec", "a mapping"),
    ("spec.template.spec.containers", "a list of mappings"),
    ("spec.template.spec.initContainers", "a list of mappings"),
    ("spec.template.spec.tolerations", "a list of mappings"),
    ("spec.template.spec.imagePullSecrets", "a list of mappings"),
)
_IS: dict[str, Callable[[Any], bool]] = {
    "a text": lambda value: isinstance(value, str),
    "a mapping": lambda value: isinstance(value, dict),
    _TEXTS: lambda value: isinstance(value, dict) and all(isinstance(x, str) for pair in value.items() for x in pair),
    _REPLICAS: lambda value: type(value) is int and 0 <= value <= _MOST_REPLICAS,
    _ORDINAL: lambda value: type(value) is int and value >= 0,
    "a list of mappings": lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
}
_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job")


def read_manifest(path: Path, namespace: str) -> list[Object]:
    """The objects of a YAML file, in its order, in that namespace.

    Raises:
        UsageError: it cannot be read, or holds something that is no object.
    """
    try:
        documents = _documents(path.read_bytes())
    except OSError as exc:
        raise UsageError(f"the manifest {path} cannot be read: {exc}") from exc
    objects = []
    for number, document in enumerate(documents, 1):
        if isinstance(document, DocumentError):
            raise UsageError(f"the manifest {path}, line {document.line}, cannot be read: {document}") from document
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise UsageError(f"document {number} of {path} is no Kubernetes object")
        obj = _checked(document, f"document {number} of {path}")
        obj["metadata"]["namespace"] = namespace
        objects.append(obj)
    return objects


@lru_cache(maxsize=64)
def _documents(content: bytes) -> tuple[Any, ...]:
    """What a manifest holds, not to be changed: a run reads each of its own several times, and YAML is slow to read."""
    return tuple(one if isinstance(one, DocumentError) else one.value for one in read_documents(content))


def _checked(document: Object, where: str) -> Object:
    """A copy of the document; what this tool could not work with is refused before anything is made of it.

    Raises:
        UsageError: names the document, the field, and what it must be.
    """
    document = deepcopy(document)
    _check_shapes(document, _SHAPES, where)
    kind = document["kind"]
    if kind not in API_VERSIONS:
        raise UsageError(
            f"{where} is a {kind}, which this version cannot create and undo",
            hint=f"it can: {', '.join(sorted(API_VERSIONS))}",
        )
    if not document["metadata"].get("name"):
        raise UsageError(f"{where} ({kind}) has no metadata.name")
    if kind in _WORKLOADS:
        named = f"{where} ({kind} {document['metadata']['name']})"
        if not isinstance(document.get("spec"), dict):
            raise UsageError(f"{named} has no spec")
        _check_shapes(document, _WORKLOAD_SHAPES, named)
    return document


def _check_shapes(document: Object, shapes: Iterable[tuple[str, str]], where: str) -> None:
    for path, wanted in shapes:
        value: Any = document
        for key in path.split("."):
            value = (value or {}).get(key)  # what is absent, or null, is left to the API server
        if value is not None and not _IS[wanted](value):
            raise UsageError(f"{where}: {path} is {_shown(value)}, and must be {wanted}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def adapt_pods(obj: Object, options: PodOptions) -> None:
    """Give the pods of a workload what the user's cluster wants of every pod: where images come from, tolerations."""
    spec = ((obj.get("spec") or {}).get("template") or {}).get("spec")
    if not isinstance(spec, dict):
        return
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        if "image" in container:
            container["image"] = options.mirrored(container["image"])
    if options.tolerations:
        spec["tolerations"] = [*(spec.get("tolerations") or []), *options.toleration_objects()]
    if options.pull_secrets:
        secrets = [{"name": secret} for secret in options.pull_secrets]
        spec["imagePullSecrets"] = [*(spec.get("imagePullSecrets") or []), *secrets]


def dropped_fields(sent: Any, got: Any, path: str = "") -> list[str]:
    """Fields that were sent and did not come back: behind a closed feature gate a server drops them without a word."""
    if isinstance(sent, dict) and isinstance(got, dict):
        rows = []
        for key, value in sent.items():
            where = f"{path}.{key}" if path else key
            if key not in got:
                rows.append(where)
            else:
                rows.extend(dropped_fields(value, got[key], where))
        return rows
    if isinstance(sent, list) and isinstance(got, list):
        return [
            row for i, (a, b) in enumerate(zip(sent, got, strict=False)) for row in dropped_fields(a, b, f"{path}[{i}]")
        ]
    return []
