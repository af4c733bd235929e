"""What an API server would refuse, asked of the simulated one without a cluster behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubesim.api.handlers import Handlers
from kubesim.api.registry import Registry
from kubesim.api.target import Target
from kubesim.manifests import ManifestError, Manifests, in_order, read_manifests
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Object, Store, StoreError

# kubectl asks for this by default, so that a field that does not exist is refused and not dropped.
_AS_KUBECTL = {"fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the API server answers instead of creating an object.

    Attributes:
        status: of HTTP, such as 422.
        reason: of the Status, such as ``Invalid``.
        message: of the Status.
        object: that is refused.
        where: it stands, such as ``web.yaml, document 2``; empty where nobody said.
    """

    status: int
    reason: str
    message: str
    object: Object
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.status} {self.reason}: {self.message}"


class Validator:
    """An API server with nothing behind it: no controllers, no nodes. It takes objects one after the other, and each
    that it took is there for the next.
    """

    def __init__(self) -> None:
        clock = SimClock(asyncio.new_event_loop(), datetime(2026, 1, 1, tzinfo=UTC))
        clock.loop.close()  # only its time is read
        self._store = Store(clock, seed=0)
        self._registry = Registry(self._store, Model(0, ()))

    def knows(self, obj: Mapping[str, Any]) -> bool:
        """Whether it can judge objects of that kind and version: it has the kind, or took its definition."""
        kind = self._store.scheme.get(str(obj.get("kind")))
        return kind is not None and kind.resource.api_version == obj.get("apiVersion")

    def create(self, obj: Object, namespace: str = "default", *, where: str = "") -> Refusal | None:
        """Create an object of a kind that it knows; None where that would succeed.

        Args:
            obj: the manifest.
            namespace: that the request names. It is made where it is not there yet.
            where: for the refusal.
        """
        resource = self._store.scheme[obj["kind"]].resource
        place = namespace if resource.namespaced else ""
        try:
            if place and self._store.get("Namespace", "", place) is None:
                self._registry.create("Namespace", {"metadata": {"name": place}})
            Handlers(self._registry).create(Target(resource, place), _AS_KUBECTL, json.dumps(obj).encode())
        except StoreError as exc:
            if exc.reason == "AlreadyExists" and resource.kind == "Namespace":
                return None  # made above for what is in it
            return Refusal(exc.status, exc.reason, exc.message, obj, where)
        return None


def validate(manifests: Manifests, namespace: str = "default") -> list[Refusal]:
    """What an API server would refuse of manifests that are created one after the other; empty where it takes them all.

    Args:
        manifests: YAML text, the path of a file or of a folder, an object, or several of these.
        namespace: of objects that name none.

    Raises:
        ManifestError: a file cannot be read, something is no object, or is of a kind that cannot be judged.
    """
    found, validator = read_manifests(manifests), Validator()
    refusals: dict[int, Refusal] = {}
    strange = []
    for number, one in in_order(found):
        place = one.object["metadata"].get("namespace") or namespace
        if not validator.knows(one.object):
            strange.append(f"{one.where}: {one.what}")
        elif (refusal := validator.create(one.object, place, where=one.where)) is not None:
            refusals[number] = refusal
    if strange:
        raise ManifestError(
            f"the simulated API server has no such kind, and cannot judge it: {'; '.join(strange)}",
            hint="give its CustomResourceDefinition too, or leave it out; Validator().knows(object) tells which",
        )
    return [refusals[number] for number in sorted(refusals)]
