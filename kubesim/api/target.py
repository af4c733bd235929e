"""What a URL's path names."""

from __future__ import annotations

from dataclasses import dataclass

from kubesim.api.unmodelled import UNMODELLED
from kubesim.kinds.kind import Resource
from kubesim.scheme import Scheme

_NAMESPACE_SUBRESOURCES = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (no name), an object, or one of its subresources.

    Attributes:
        watched: the deprecated ``/watch/`` form of a path.
    """

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watched: bool = False


class UnknownPathError(LookupError):
    """The path names no API group and version: a real server answers in plain text."""


class UnknownResourceError(LookupError):
    """The path names no resource of a group that exists."""


def parse(path: str, scheme: Scheme) -> Target:
    """Read the path of a resource.

    Raises:
        UnknownPathError: no such group and version.
        UnknownResourceError: no such resource there.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 2:  # noqa: PLR2004  # apis, group, version
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise UnknownPathError(path)
    watched = rest[:1] == ["watch"]
    rest = rest[1:] if watched else rest
    namespace = ""
    scoped = rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES  # noqa: PLR2004
    if scoped:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "", "")[:3]
    kind = scheme.at(group, version, plural)
    if kind is None:
        raise UnknownResourceError(path) if scheme.has_version(group, version) else UnknownPathError(path)
    resource = kind.resource
    if len(rest) > 3 or (scoped and not resource.namespaced):  # noqa: PLR2004
        raise UnknownResourceError(path)
    unmodelled = resource.kind == "Pod" and subresource in UNMODELLED
    if subresource and subresource not in resource.subresources and not unmodelled:
        raise UnknownResourceError(path)
    if resource.namespaced and name and not namespace:
        raise UnknownResourceError(path)
    return Target(resource, namespace, name, subresource, watched)
