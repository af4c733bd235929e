"""Image names as people write them: registry, repository, tag and digest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

DOCKER_HUB = "docker.io"
# https://github.com/distribution/reference, the grammar in reference.go
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One name.

    Attributes:
        registry: ``docker.io`` where none is written.
        repository: with ``library/`` for Docker Hub's own images.
        tag: ``latest`` where neither a tag nor a digest is written.
    """

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def full(self) -> str:
        """As containerd keeps it, and as a container's status shows it."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @property
    def familiar(self) -> str:
        """The repository, without what Docker Hub's names are usually written without."""
        if self.registry == DOCKER_HUB:
            return self.repository.removeprefix("library/")
        return f"{self.registry}/{self.repository}"


@lru_cache(maxsize=1024)
def parse_reference(image: str) -> Reference | None:
    """Read an image's name; None where it is none (such as one with capital letters)."""
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        registry, left = first, rest
    else:
        registry, left = DOCKER_HUB, image
    if registry == "index.docker.io":
        registry = DOCKER_HUB
    match = _REFERENCE.fullmatch(left)
    if match is None:
        return None
    path, digest = match["path"], match["digest"] or ""
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return Reference(registry, path, match["tag"] or ("" if digest else "latest"), digest)
