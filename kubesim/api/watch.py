"""A watch: changes of one kind, filtered by selectors, in the order in which they were committed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from kubesim.api.options import ListOptions
from kubesim.api.selectors import Predicate
from kubesim.api.status import status_object
from kubesim.api.target import Target
from kubesim.store import Change, Object, Store, StoreError

_BOOKMARK_PERIOD_S = 60.0  # the real watch cache sends one about every minute
Send = Callable[[str, Object], Any]


class Watch:
    """The events of one watch request, as (type, object).

    Args:
        predicate: which objects are watched; None for all.
        delay_s: draws how long a change takes to reach this watch.

    Raises:
        StoreError: 500 for a resourceVersion that is no number.
    """

    def __init__(
        self,
        store: Store,
        target: Target,
        options: ListOptions,
        predicate: Predicate | None,
        delay_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._target = target
        self._options = options
        self._predicate = predicate
        self._delay_s = delay_s
        self._due: deque[tuple[float, Change]] = deque()
        self._awake = asyncio.Event()
        self._stopped = False
        self._stalled = False
        self._loop = asyncio.get_running_loop()
        text = options.resource_version
        if text and not text.isdigit():
            why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
            raise StoreError(500, "", why)
        self._since = int(text or 0)

    async def run(self, send: Send, timeout_s: float) -> None:
        """Send events until the time is over, the client leaves (CancelledError), or `stop` is called."""
        ends_s = self._loop.time() + timeout_s
        unsubscribe = self._store.subscribe(self._note)
        try:
            if await self._begin(send):
                await self._follow(send, ends_s)
        finally:
            unsubscribe()

    def stop(self) -> None:
        """End at once."""
        self._stopped = True
        self._awake.set()

    def stall(self) -> None:
        """From now on say nothing, not even the end, as a connection that some router has forgotten."""
        self._stalled = True

    def resume(self) -> None:
        """Go on; what happened meanwhile is told now."""
        self._stalled = False
        self._awake.set()

    @property
    def kind(self) -> str:
        return self._target.resource.kind

    async def _begin(self, send: Send) -> bool:
        kind, namespace = self._target.resource.kind, self._target.namespace
        seen = self._store.revision
        if self._since == 0 or self._options.initial_events:
            for obj in self._store.list(kind, namespace):
                if self._matches(obj):
                    await send("ADDED", obj)
            if self._options.initial_events:
                await send("BOOKMARK", self._bookmark(seen, {"k8s.io/initial-events-end": "true"}))
            return True
        try:
            missed = self._store.changes_since(self._since)
        except StoreError as exc:
            await send("ERROR", status_object(exc))
            return False
        for change in missed:
            if change.revision <= seen:
                await self._pass_on(change, send)
        return True

    async def _follow(self, send: Send, ends_s: float) -> None:
        bookmark_s = self._loop.time() + _BOOKMARK_PERIOD_S
        while not self._stopped:
            while self._stalled and not self._stopped:
                await self._awake.wait()
                self._awake.clear()
            now_s = self._loop.time()
            while self._due and self._due[0][0] <= now_s:
                await self._pass_on(self._due.popleft()[1], send)
            if now_s >= min(ends_s, bookmark_s):
                if self._options.bookmarks and not self._due:
                    await send("BOOKMARK", self._bookmark(self._store.revision))
                if now_s >= ends_s:
                    return
                bookmark_s = now_s + _BOOKMARK_PERIOD_S
            await self._sleep_until(min(ends_s, bookmark_s, self._due[0][0] if self._due else ends_s))

    async def _sleep_until(self, wake_s: float) -> None:
        """Until then, or until something happens."""
        alarm = self._loop.call_at(wake_s, self._awake.set)
        try:
            await self._awake.wait()
        finally:
            alarm.cancel()
            self._awake.clear()

    def _note(self, change: Change) -> None:
        if change.kind != self._target.resource.kind:
            return
        due_s = self._loop.time() + self._delay_s()
        if self._due:
            due_s = max(due_s, self._due[-1][0])
        self._due.append((due_s, change))
        self._awake.set()

    async def _pass_on(self, change: Change, send: Send) -> None:
        if change.kind != self._target.resource.kind or change.revision <= self._since:
            return
        now = change.type != "DELETED" and self._matches(change.object)
        before = change.old is not None and self._matches(change.old)
        if now:
            await send("MODIFIED" if before else "ADDED", change.object)
        elif before and change.old is not None:
            # Its last state under this selector, at the version of the change that took it away.
            version = change.object["metadata"]["resourceVersion"]
            await send("DELETED", {**change.old, "metadata": {**change.old["metadata"], "resourceVersion": version}})

    def _matches(self, obj: Object) -> bool:
        meta = obj["metadata"]
        if self._target.namespace and meta.get("namespace", "") != self._target.namespace:
            return False
        if self._target.name and meta["name"] != self._target.name:
            return False
        return self._predicate is None or self._predicate(obj)

    def _bookmark(self, revision: int, annotations: dict[str, str] | None = None) -> Object:
        resource = self._target.resource
        meta: Object = {"resourceVersion": str(revision)}
        if annotations:
            meta["annotations"] = annotations
        return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
