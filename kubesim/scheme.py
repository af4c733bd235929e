"""The kinds that one API server knows, as Kubernetes' own runtime.Scheme: those of `kubesim.kinds`, and custom ones."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.kinds import BY_KIND
from kubesim.kinds.kind import Kind, Resource


class Scheme:
    """Kinds by their names. Two servers in one process have one each, so that a kind of one is none of the other's."""

    def __init__(self) -> None:
        self._kinds = dict(BY_KIND)
        self._plurals = {_place(kind.resource): kind for kind in self._kinds.values()}

    def __iter__(self) -> Iterator[Kind]:
        """In the order in which they came."""
        return iter(tuple(self._kinds.values()))

    def __getitem__(self, kind: str) -> Kind:
        """The kind of a name such as ``Pod``.

        Raises:
            KeyError: there is no such kind.
        """
        return self._kinds[kind]

    def get(self, kind: str) -> Kind | None:
        """The kind of a name such as ``Pod``, or None."""
        return self._kinds.get(kind)

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind that a URL names, or None."""
        return self._plurals.get((group, version, plural))

    def has_version(self, group: str, version: str) -> bool:
        """Whether any kind is of that API group and version."""
        return any(place[:2] == (group, version) for place in self._plurals)

    def add(self, kind: Kind) -> None:
        """Serve a kind from now on, or again with what has changed in it.

        Raises:
            ValueError: a kind of another group has that name: objects are kept by it alone.
        """
        name = kind.resource.kind
        before = self._kinds.get(name)
        if before is not None and before.resource.group != kind.resource.group:
            raise ValueError(f"there is a kind {name} already, of {before.resource.api_version}")
        self.remove(name)
        self._kinds[name] = self._plurals[_place(kind.resource)] = kind

    def remove(self, kind: str) -> None:
        """Serve a kind no more, if it is served."""
        before = self._kinds.pop(kind, None)
        if before is not None:
            del self._plurals[_place(before.resource)]


def _place(resource: Resource) -> tuple[str, str, str]:
    return resource.group, resource.version, resource.plural
