"""Reads manifests and places them into a namespace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.agents.options import PodOptions
from chaos.cluster.client import API_VERSIONS
from chaos.errors import UsageError

Object = dict[str, Any]


def read_manifest(path: Path, namespace: str) -> list[Object]:
    """The objects of a YAML file, in its order, in that namespace.

    Raises:
        UsageError: it cannot be read, or holds something that is no object.
    """
    import yaml  # noqa: PLC0415 - not for --help

    try:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise UsageError(f"the manifest {path} cannot be read: {' '.join(str(exc).split())}") from exc
    objects = []
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        if not isinstance(document, dict) or not {"apiVersion", "kind", "metadata"} <= document.keys():
            raise UsageError(f"document {number} of {path} is no Kubernetes object")
        if document["kind"] not in API_VERSIONS:
            raise UsageError(
                f"document {number} of {path} is a {document['kind']}, which this version cannot create and undo",
                hint=f"it can: {', '.join(sorted(API_VERSIONS))}",
            )
        if not isinstance(document["metadata"], dict) or not document["metadata"].get("name"):
            raise UsageError(f"document {number} of {path} ({document['kind']}) has no metadata.name")
        document["metadata"]["namespace"] = namespace
        objects.append(document)
    return objects


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
