"""A request that changes a cluster, whole: to be shown before it is made, and asked as a dry run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.model.object import Object

_METHODS = {"create": "post", "evict": "post", "patch": "patch", "delete": "delete"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        verb: ``create``, ``patch``, ``delete`` or ``evict``.
        subresource: such as ``status``; an eviction's is ``eviction``.
        body: the object, the patch, or the options of a deletion.
        content_type: of a patch.
    """

    verb: str
    kind: str
    name: str
    namespace: str = ""
    subresource: str = ""
    body: Object = field(default_factory=dict)
    content_type: str = ""

    @classmethod
    def of(cls, method: str, kind: str, name: str, namespace: str, subresource: str, body: Any, how: str) -> Request:
        """As the client makes it."""
        verb = "evict" if subresource == "eviction" else {"post": "create"}.get(method, method)
        named = name or str(((body or {}).get("metadata") or {}).get("name", ""))
        return cls(verb, kind, named, namespace, subresource, dict(body or {}), how)

    @property
    def method(self) -> str:
        """Of HTTP."""
        return _METHODS[self.verb]

    @property
    def in_path(self) -> str:
        """The name as its path has it."""
        return "" if self.verb == "create" else self.name

    def dry(self) -> Object:
        """The body of the same as a dry run."""
        if self.verb == "delete":
            return {**self.body, "dryRun": ["All"]}
        if self.verb == "evict":
            return {**self.body, "deleteOptions": {**(self.body.get("deleteOptions") or {}), "dryRun": ["All"]}}
        return self.body

    def describe(self) -> str:
        """For people: ``patch StatefulSet web/scale``."""
        return f"{self.verb} {self.kind} {self.name}" + (
            f"/{self.subresource}" if self.subresource and self.verb != "evict" else ""
        )
