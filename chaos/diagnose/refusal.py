"""What an API server answers to a manifest: the sandbox's own, which gives a real one's status and reason."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.diagnose.snapshot import Item
from kubesim.api.handlers import Handlers
from kubesim.api.registry import Registry
from kubesim.api.target import Target
from kubesim.model import Model
from kubesim.resources import BY_KIND
from kubesim.simclock import SimClock
from kubesim.store import Store, StoreError

# kubectl asks for this by default, so that a field that does not exist is refused and not dropped.
_AS_KUBECTL = {"fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A Status that is no success."""

    status: int
    reason: str
    message: str


class Server:
    """An API server with nothing behind it: no controllers, no nodes; it takes objects one after the other."""

    def __init__(self) -> None:
        clock = SimClock(asyncio.new_event_loop(), datetime(2026, 1, 1, tzinfo=UTC))
        clock.loop.close()  # only its time is read
        self._store = Store(clock, seed=0)
        self._registry = Registry(self._store, Model(0, ()))

    def knows(self, item: Item) -> bool:
        """Whether it can judge objects of that kind."""
        resource = BY_KIND.get(item.kind)
        return resource is not None and resource.api_version == item.object.get("apiVersion")

    def create(self, item: Item) -> Refusal | None:
        """Create an object; None where that would succeed."""
        resource = BY_KIND[item.kind]
        namespace = item.namespace if resource.namespaced else ""
        body = json.dumps(item.object).encode()
        try:
            if namespace and self._store.get("Namespace", "", namespace) is None:
                self._registry.create("Namespace", {"metadata": {"name": namespace}})
            Handlers(self._registry).create(Target(resource, namespace), _AS_KUBECTL, body)
        except StoreError as exc:
            if exc.reason == "AlreadyExists" and resource.kind == "Namespace":
                return None  # made above for what is in it
            return Refusal(exc.status, exc.reason, exc.message)
        return None
