"""List, then watch, without hidden gaps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.errors import ApiError
from chaos.model import ClusterEvent, WatchGap

# The API server closes a watch after 30 to 60 minutes by itself; a shorter time of our own keeps proxies from doing so.
_WATCH_TIMEOUT_S = 240.0
_BACKOFF_S = (0.05, 0.2, 1.0, 2.0, 5.0)
_GONE = 410
# So long a watch may take to tell what a list has shown already; the slowest on realk8s took 0.5 ms.
_CATCH_UP_S = 1.0
_LIST_AGAIN_S = 5.0
# A look that fails is made again anyway.
_LOOK_BUDGET_S = 5.0


class _ExpiredError(Exception):
    """The resourceVersion is too old: list again."""


class _StalledError(Exception):
    """The watch went on without telling what there is, and was ended for that."""


class Watcher:
    """Follows one kind in one namespace.

    After the first list each change is reported once, in order, stamped with its arrival. A connection that breaks is
    opened again where it ended, which loses nothing. Where the server no longer knows that place (410), the list is
    read again, differences are reported as events, and the blind time as a `WatchGap`.

    A watch can also fall silent without breaking, and then nothing that comes tells so (bookmarks come about once a
    minute): `look` reads the list and compares. A watch that lacks some of it is opened again where it ended, and where
    that does not help the list is taken instead. Its gap begins when a look last found it to lack nothing: an event
    that came later may have been late as well.

    Args:
        on_event: called for each event, in the event loop.
        on_gap: called for each blind time.
        labels: a label selector.
    """

    def __init__(
        self,
        cluster: Cluster,
        clock: RunClock,
        kind: str,
        namespace: str,
        on_event: Callable[[ClusterEvent], None],
        on_gap: Callable[[WatchGap], None],
        labels: str = "",
    ) -> None:
        self.kind = kind
        self.listed = asyncio.Event()
        self._cluster = cluster
        self._clock = clock
        self._namespace = namespace
        self._labels = labels
        self._on_event = on_event
        self._on_gap = on_gap
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._managed: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._revision = ""
        self._complete_ns = clock.now_ns()  # nothing that happened before is missing
        self._broken_ns: int | None = None
        self._streaming: asyncio.Task[int] | None = None
        self._stalled = False
        self._list_instead = False
        self._over = False
        self._looking = asyncio.Lock()
        self._news = asyncio.Event()
        self._listed_again = asyncio.Event()

    @property
    def known(self) -> int:
        """How many objects there are, as far as it has told."""
        return len(self._known)

    async def run(self) -> None:
        """Goes on until it is cancelled.

        Raises:
            ApiError: the first list failed, or the server refuses to let this be watched.
        """
        await self._list(first=True)
        self.listed.set()
        try:
            await self._follow()
        finally:
            self.end()

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                if await self._until_it_stalls():
                    failures = 0
                else:  # a proxy that closes at once must not make this a busy loop
                    await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
                    failures += 1
            except _ExpiredError:
                await self._list_again("the API server no longer had the changes since the last one seen (410)")
            except _StalledError:
                if self._list_instead:
                    self._list_instead = False
                    await self._list_again("the watch stalled, and stalled again when it was opened anew")
            except ApiError as exc:
                if exc.status in (401, 403):
                    raise
                if self._broken_ns is None:
                    self._broken_ns = (
                        self._clock.now_ns()
                    )  # the gap begins here: up to now the watch worked, as far as later looks do not find otherwise
                await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
                failures += 1

    async def _until_it_stalls(self) -> int:
        """`_stream` as a task of its own, which `look` can end."""
        if self._stalled:
            self._stalled = False
            raise _StalledError
        self._streaming = asyncio.create_task(self._stream())
        try:
            return await self._streaming
        except asyncio.CancelledError:
            mine = asyncio.current_task()
            if self._stalled and mine is not None and not mine.cancelling():
                self._stalled = False
                raise _StalledError from None
            raise
        finally:
            self._streaming = None

    def end(self) -> None:
        """The run is over. What happened since the last look may be missing, which is written down as a gap."""
        if self._over:
            return
        self._over = True
        now_ns = self._clock.now_ns()
        if self._broken_ns is not None:
            reason = "the connection was broken to the end"
            self._on_gap(WatchGap(self.kind, min(self._complete_ns, self._broken_ns), now_ns, reason))
        elif now_ns - self._complete_ns > _CATCH_UP_S * 1e9:
            reason = "the run ended before it was looked at again"
            self._on_gap(WatchGap(self.kind, self._complete_ns, now_ns, reason, lossless=True))

    async def look(self) -> bool:
        """Compare what the watch told with a list; what is missing is fetched before this returns.

        Returns:
            Whether nothing was missing; False, too, where the list could not be read.
        """
        async with self._looking:
            return await self._look()

    async def _look(self) -> bool:
        sent_ns = self._clock.now_ns()
        try:
            items, revision = await self._cluster.list(
                self.kind, self._namespace, self._labels, budget_s=_LOOK_BUDGET_S
            )
        except ApiError:
            return False
        listed = {_key(item): item for item in items}
        if await self._catches_up(listed, revision):
            self._complete_ns = max(self._complete_ns, sent_ns)
            return True
        from_ns = self._complete_ns
        self._end_stream()
        if await self._catches_up(listed, revision):
            reason = "the watch stalled; nothing is missing, but changes of that time were seen late"
            self._on_gap(WatchGap(self.kind, from_ns, self._clock.now_ns(), reason, lossless=True))
            self._complete_ns = max(self._complete_ns, sent_ns)
            return False
        self._list_instead = True
        self._listed_again.clear()
        self._end_stream()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LIST_AGAIN_S):
                await self._listed_again.wait()
        return False

    def _end_stream(self) -> None:
        self._stalled = True
        if self._streaming is not None:
            self._streaming.cancel()

    async def _catches_up(self, listed: dict[tuple[str, str], dict[str, Any]], revision: str) -> bool:
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                while self._lacks(listed, revision):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _lacks(self, listed: dict[tuple[str, str], dict[str, Any]], revision: str) -> bool:
        """Whether the list shows what the watch has not told yet. What it told later than the list may differ."""
        if _number(self._revision) >= _number(revision):
            return False  # a watch tells changes in order, so it has told all that the list shows
        for key, item in listed.items():
            known = self._known.get(key)
            if known is None or _version(known) < _version(item):
                return True
        return any(key not in listed and _version(known) <= _number(revision) for key, known in self._known.items())

    async def _list(self, *, first: bool) -> None:
        sent_ns = self._clock.now_ns()
        items, self._revision = await self._cluster.list(self.kind, self._namespace, self._labels)
        now_ns = self._clock.now_ns()
        found = {_key(item): item for item in items}
        for key, old in list(self._known.items()):
            if key not in found or found[key]["metadata"]["uid"] != old["metadata"]["uid"]:
                self._report(now_ns, "DELETED", old, initial=False)
        for key, item in found.items():
            known = self._known.get(key)
            if known is None:
                self._report(now_ns, "ADDED", item, initial=first)
            elif known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._report(now_ns, "MODIFIED", item, initial=False)
        self._complete_ns = sent_ns
        self._news.set()

    async def _list_again(self, reason: str) -> None:
        from_ns = self._complete_ns
        try:
            await self._list(first=False)
        except ApiError as exc:
            if exc.status in (401, 403):
                raise
            await asyncio.sleep(_BACKOFF_S[2])
            return
        self._on_gap(WatchGap(self.kind, from_ns, self._clock.now_ns(), reason))
        self._broken_ns = None  # the gap just written down covers the time of the broken connection too
        self._listed_again.set()

    async def _stream(self) -> int:
        """Follow one connection to its end; returns how many lines came."""
        lines = 0
        try:
            response = await self._cluster.open_watch(
                self.kind, self._namespace, self._revision, _WATCH_TIMEOUT_S, self._labels
            )
        except ApiError as exc:
            if exc.status == _GONE:
                raise _ExpiredError from exc
            raise
        if self._broken_ns is not None:
            reason = "the connection broke; nothing is missing, but changes of that time were seen late"
            until_ns = self._clock.now_ns() + round(_CATCH_UP_S * 1e9)  # what was missed comes now
            self._on_gap(WatchGap(self.kind, self._broken_ns, until_ns, reason, lossless=True))
            self._broken_ns = None
        try:
            while True:
                with self._cluster.errors(f"watching {self.kind}"):
                    line = await response.content.readline()
                    self._cluster.bytes_received += len(line)
                    event = _parse(line) if line else None
                if event is None:
                    break
                self._saw(*event)
                lines += 1
        finally:
            response.close()
        return lines

    def _saw(self, type_: str, obj: dict[str, Any]) -> None:
        now_ns = self._clock.now_ns()
        if type_ == "ERROR":
            if obj.get("code") == _GONE:
                raise _ExpiredError
            raise ApiError(f"watching {self.kind}: {obj.get('message')}", status=int(obj.get("code") or 0))
        self._revision = obj["metadata"]["resourceVersion"]
        self._news.set()
        if type_ != "BOOKMARK":
            self._report(now_ns, type_, obj, initial=False)

    def _report(self, at_ns: int, type_: str, obj: dict[str, Any], *, initial: bool) -> None:
        meta = obj["metadata"]
        managed = meta.pop("managedFields", None) or []
        if type_ == "DELETED":
            self._known.pop(_key(obj), None)
            self._managed.pop(_key(obj), None)
            by = ""  # they tell who wrote fields, not who deleted
        else:
            self._known[_key(obj)] = obj
            by = written_by(self._managed.get(_key(obj), []), managed)
            self._managed[_key(obj)] = managed
        where = meta.get("namespace", "")
        self._on_event(ClusterEvent(at_ns, type_, self.kind, where, meta["name"], meta["uid"], obj, initial, by))


class NamespaceLooks:
    """Reads a Namespace object regularly and reports its changes: a Role inside the namespace cannot allow a watch.

    Args:
        on_event: called for the first look (`initial`) and for each that finds it changed.
    """

    def __init__(
        self, cluster: Cluster, clock: RunClock, name: str, on_event: Callable[[ClusterEvent], None], every_s: float
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._name = name
        self._on_event = on_event
        self._every_s = every_s
        self._known: dict[str, Any] = {}
        self._managed: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Goes on until it is cancelled, or until it may not be read."""
        while True:
            try:
                await self.look()
            except ApiError as exc:
                if exc.status in (401, 403):
                    return
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Once.

        Raises:
            ApiError: it could not be read.
        """
        found = await self._cluster.get("Namespace", self._name)
        now_ns = self._clock.now_ns()
        if found is None:
            if self._known:
                self._report(now_ns, "DELETED", self._known, "")
                self._known = {}
            return
        managed = found["metadata"].pop("managedFields", None) or []
        if not self._known:
            self._report(now_ns, "ADDED", found, "", initial=True)
        elif self._known["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
            self._report(now_ns, "MODIFIED", found, written_by(self._managed, managed))
        self._known, self._managed = found, managed

    def _report(self, at_ns: int, type_: str, obj: dict[str, Any], by: str, *, initial: bool = False) -> None:
        uid = str(obj["metadata"]["uid"])
        self._on_event(ClusterEvent(at_ns, type_, "Namespace", "", self._name, uid, obj, initial, by))


def written_by(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    """Whose entries of managedFields are new or other ones; a subresource stands in brackets."""
    found = [entry for entry in after if entry not in before]
    names = (
        str(entry.get("manager", "")) + (f" ({sub})" if (sub := entry.get("subresource")) else "") for entry in found
    )
    return ", ".join(dict.fromkeys(filter(None, names)))


def _version(obj: dict[str, Any]) -> int:
    return _number(str(obj["metadata"]["resourceVersion"]))


def _number(version: str) -> int:
    """They are numbers that grow, which is promised since Kubernetes 1.35 and was so before."""
    return int(version) if version.isdigit() else 0


def _key(obj: dict[str, Any]) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _parse(line: bytes) -> tuple[str, dict[str, Any]]:
    """Type and object of an event; raises what `Cluster.errors` converts where it is none."""
    event = json.loads(line)
    obj = event["object"]
    if event["type"] != "ERROR":
        obj["metadata"]["resourceVersion"]  # every object of a watch has one
    return str(event["type"]), dict(obj)
