"""Which files of a folder are manifests."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaos.diagnose.not_read import NotRead, Why
from chaos.diagnose.templates import rendered
from chaos.errors import UsageError
from kubesim import Document, read_documents

SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_KUSTOMIZE = "kustomize.config.k8s.io/"
# Files beside manifests that are for other programs: a chart's, its values, the configuration of linters.
_OTHERS = (*_KUSTOMIZATIONS, "Chart.yaml", "values.yaml", "values[-._]*.y*ml", "values.schema.json", ".*")


def files_of(folder: Path) -> Iterator[Path | NotRead]:
    """The files of a folder that kubectl would take, none of folders inside it; and which of them are something else.

    Raises:
        UsageError: it has none.
    """
    found = [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES and path.is_file()]
    if not found:
        raise UsageError(
            f"{folder} is a folder without .yaml, .yml or .json files", hint="folders inside it are not looked into"
        )
    of_kustomize = {path for path in found if path.name in _KUSTOMIZATIONS}
    patches = {name for path in of_kustomize for name in _patches(path)}
    for path in found:
        if path in of_kustomize:
            yield of_kustomization(path)
        elif path.name in patches:
            what = "it is a patch of the kustomization beside it, and no whole object"
            yield NotRead(Why.NO_MANIFEST, str(path), 0, what, _built(folder))
        else:
            yield path


def of_another_program(path: Path, value: Any) -> NotRead | None:
    """What is said of a document that is for another program by its name or by what it says; None: it is none."""
    if isinstance(value, dict) and str(value.get("apiVersion")).startswith(_KUSTOMIZE):
        return of_kustomization(path)
    if not any(fnmatch.fnmatchcase(path.name, pattern) for pattern in _OTHERS):
        return None
    if path.name == "Chart.yaml":
        what = "it describes a chart, and what the chart makes was not looked at"
        return NotRead(Why.NO_MANIFEST, str(path), 0, what, rendered(str(path.parent)))
    if path.name in _KUSTOMIZATIONS:
        return of_kustomization(path)
    return NotRead(Why.NO_MANIFEST, str(path), 0, "it is no manifest, by its name and for want of a kind")


def of_kustomization(path: Path) -> NotRead:
    """What is said of a kustomization."""
    what = "it is a kustomization, and what it makes of manifests was not looked at"
    return NotRead(Why.NO_MANIFEST, str(path), 0, what, _built(path.parent))


def _built(folder: Path) -> str:
    return f"kubectl kustomize {folder} | chaos diagnose -f -"


def _patches(path: Path) -> Iterator[str]:
    """Names of files beside a kustomization that are patches, or configure it."""
    for document in read_documents(path.read_bytes()):
        if not isinstance(document, Document) or not isinstance(document.value, dict):
            continue
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902", "configurations", "replacements"):
            rows = document.value.get(key)
            for row in rows if isinstance(rows, list) else ():
                name = row.get("path") if isinstance(row, dict) else row
                if isinstance(name, str) and "\n" not in name:
                    yield Path(name).name
