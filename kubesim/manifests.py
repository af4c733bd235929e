"""Manifests as people have them: YAML text, a file, a folder, or objects; each with the place where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubesim.documents import DocumentError, read_documents
from kubesim.errors import SimulationError
from kubesim.store import Object, clone

# YAML text, the path of a file or of a folder, an object, or several of these.
Manifests = str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any]
# The API groups of Kubernetes itself (its generated OpenAPI); a definition may have any other.
_KUBERNETES_GROUPS = frozenset({"apps", "autoscaling", "batch", "policy"}) | frozenset(
    f"{group}.k8s.io"
    for group in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver"),
        *("networking", "node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration"),
    )
)
# What others of the same manifests need.
_FIRST = ("Namespace", "CustomResourceDefinition")
_SUFFIXES = (".yaml", ".yml", ".json")


class ManifestError(SimulationError):
    """A manifest that cannot be read, is of a kind that the simulated cluster has not, or is refused by it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and where it stands: ``web.yaml, document 2``."""

    object: Object
    where: str

    @property
    def api_version(self) -> str:
        return str(self.object["apiVersion"])

    @property
    def kind(self) -> str:
        return str(self.object["kind"])

    @property
    def what(self) -> str:
        """Its kind, with group and version."""
        return f"{self.kind} ({self.api_version})"

    @property
    def name(self) -> str:
        """Empty where the server makes one (generateName)."""
        return str(self.object["metadata"].get("name", ""))


def read_manifests(manifests: Manifests) -> list[Manifest]:
    """All objects, in their order; the files of a folder in that of their names, and no folder inside it, as kubectl.

    Raises:
        ManifestError: a file cannot be read, or something is no object; says where.
    """
    return list(_read(manifests, "the manifests"))


def is_kubernetes_own(api_version: str) -> bool:
    """Whether an API group is Kubernetes' own, so that no CustomResourceDefinition makes its kinds."""
    group, slash, _ = api_version.rpartition("/")
    return not slash or group in _KUBERNETES_GROUPS


def in_order(manifests: Sequence[Manifest]) -> list[tuple[int, Manifest]]:
    """The order in which to create them, with their numbers: what others need comes first, the rest as it stands."""
    return sorted(enumerate(manifests), key=lambda row: row[1].kind not in _FIRST)


def _read(manifests: Manifests, where: str) -> Iterator[Manifest]:
    if isinstance(manifests, str):
        yield from _documents(manifests, where)
    elif isinstance(manifests, os.PathLike):
        yield from _files(Path(manifests))
    elif isinstance(manifests, Mapping):
        yield from _objects(manifests, where)
    elif isinstance(manifests, Sequence):
        for number, one in enumerate(manifests, 1):
            yield from _read(one, f"{where}, item {number}")
    else:
        raise ManifestError(f"{where} is no object: {manifests!r}", hint="give YAML text, a Path, or a dict")


def _files(path: Path) -> Iterator[Manifest]:
    try:
        files = [one for one in sorted(path.iterdir()) if one.suffix in _SUFFIXES] if path.is_dir() else [path]
        if not files:
            raise ManifestError(f"{path} has no {', '.join(_SUFFIXES)} files", hint="name the folder that has them")
        for file in files:
            yield from _documents(file.read_bytes(), str(file))
    except OSError as exc:
        raise ManifestError(f"{path} cannot be read: {exc.strerror}", hint="name a file or a folder of YAML") from exc


def _documents(text: str | bytes, where: str) -> Iterator[Manifest]:
    for number, document in enumerate(read_documents(text), 1):
        if isinstance(document, DocumentError):
            raise ManifestError(
                f"{where}, line {document.line}: {document}", hint="correct the line that it names"
            ) from document
        yield from _objects(document.value, f"{where}, document {number}")


def _objects(document: Any, where: str) -> Iterator[Manifest]:
    if isinstance(document, str):
        raise ManifestError(
            f"{where} is a text and no object: {document[:80]!r}",
            hint="the path of a file or of a folder is given as pathlib.Path, since a str is YAML itself",
        )
    if not isinstance(document, Mapping) or not document.get("apiVersion") or not document.get("kind"):
        raise ManifestError(f"{where} is no object", hint="each document needs apiVersion, kind and metadata.name")
    if str(document["kind"]).endswith("List") and isinstance(document.get("items"), list):
        for number, item in enumerate(document["items"], 1):
            yield from _objects(item, f"{where}, item {number}")
        return
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping) or not (metadata.get("name") or metadata.get("generateName")):
        raise ManifestError(f"{where}: a {document['kind']} without metadata.name", hint="give it a name")
    yield Manifest(clone(dict(document)), where)
