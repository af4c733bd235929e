"""What every controller works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from kubesim.api import deletion
from kubesim.api.registry import Registry
from kubesim.controllers.events import EventRecorder
from kubesim.controllers.index import Index
from kubesim.model import Model
from kubesim.store import Object, Store


@dataclass(frozen=True, slots=True)
class Plane:
    """The control plane's shared parts.

    Attributes:
        fail: takes an error that must not be lost: a strict cluster stops and reports it, a lenient one logs it.
    """

    store: Store
    registry: Registry
    index: Index
    model: Model
    events: EventRecorder
    loop: asyncio.AbstractEventLoop
    fail: Callable[[BaseException], None]

    def create(self, kind: str, obj: Object) -> Object:
        """Create as a controller does: through the API server's defaults, admission and validation.

        Raises:
            StoreError: 403 (terminating namespace), 404, 409 AlreadyExists, 422.
        """
        return self.registry.create(kind, obj)

    def delete_pod(self, pod: Object) -> None:
        """Ask for a pod's graceful deletion; nothing happens where it is gone or another has taken its name."""
        meta = pod["metadata"]
        now = self.store.get("Pod", meta["namespace"], meta["name"])
        if now is not None and now["metadata"]["uid"] == meta["uid"]:
            deletion.delete(self.store, "Pod", meta["namespace"], meta["name"], uid=meta["uid"])

    def call_later(self, delay_s: float, callback: Callable[..., None], *args: object) -> asyncio.TimerHandle:
        """`loop.call_later` whose errors are handed to `fail` instead of being logged and lost."""
        return self.loop.call_later(delay_s, self._guarded, callback, args)

    def _guarded(self, callback: Callable[..., None], args: tuple[object, ...]) -> None:
        try:
            callback(*args)
        except Exception as exc:  # noqa: BLE001  # reported, not lost
            self.fail(exc)
