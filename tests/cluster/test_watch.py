"""Watches: every change once and in order; what could have been missed is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.cluster.failures import api_errors
from chaos.cluster.watch import Watcher
from chaos.errors import ApiError
from chaos.model import ClusterEvent, WatchGap
from kubesim import run_virtual

Line = dict[str, Any]


def pod(name: str, revision: int, uid: str = "") -> dict[str, Any]:
    meta = {"name": name, "namespace": "ns", "uid": uid or f"uid-{name}", "resourceVersion": str(revision)}
    return {"metadata": {**meta, "managedFields": [{}]}}


def event(kind: str, obj: dict[str, Any]) -> Line:
    return {"type": kind, "object": obj}


EXPIRED = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}


SILENCE: Line = {}


class Stream:
    """A watch's response: lines, then its end or an error."""

    def __init__(self, lines: list[Line | Exception]) -> None:
        self.content = self
        self._lines = list(lines)

    line_s = 1.0

    async def readline(self) -> bytes:
        await asyncio.sleep(self.line_s)
        if not self._lines:
            return b""
        line = self._lines.pop(0)
        if line is SILENCE:
            await asyncio.sleep(1e6)
        if isinstance(line, Exception):
            raise line
        return json.dumps(line).encode() + b"\n"

    def close(self) -> None:
        """Nothing to close."""


class ScriptedCluster:
    """Lists and watches as the test says; silent when the script is over."""

    server = "https://test"
    bytes_received = 0
    errors = staticmethod(partial(api_errors, server=server))

    def __init__(
        self, lists: list[tuple[list[dict[str, Any]], str]], streams: list[list[Line | Exception] | ApiError]
    ) -> None:
        self._lists = lists
        self._streams = streams
        self.asked_from: list[str] = []

    async def list(self, _kind: str, _namespace: str, _labels: str, **_: Any) -> tuple[list[dict[str, Any]], str]:
        return self._lists.pop(0)

    async def open_watch(self, _kind: str, _ns: str, revision: str, _timeout_s: float, _labels: str) -> Stream:
        self.asked_from.append(revision)
        if not self._streams:
            await asyncio.sleep(1e6)
        stream = self._streams.pop(0)
        if isinstance(stream, ApiError):
            raise stream
        return Stream(stream)


NOT_LOOKED_AT = "the run ended before it was looked at again"


def follow(
    cluster: ScriptedCluster, for_s: float = 100, looks_s: tuple[float, ...] = ()
) -> tuple[list[ClusterEvent], list[WatchGap]]:
    """What a watcher reports until the end, but that nobody looked then. `looks_s`: when somebody looks."""
    events: list[ClusterEvent] = []
    gaps: list[WatchGap] = []

    async def main() -> None:
        clock = RunClock(asyncio.get_running_loop())
        watcher = Watcher(cluster, clock, "Pod", "ns", events.append, gaps.append)  # type: ignore[arg-type]
        task = asyncio.create_task(watcher.run())
        loop = asyncio.get_running_loop()
        for at_s in looks_s:
            await asyncio.sleep(at_s - loop.time())
            looks.append(await watcher.look())
        await asyncio.wait([task], timeout=for_s - loop.time())
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    looks: list[bool] = []
    run_virtual(main())
    assert looks == [True] * len(looks) or any(gap.reason != NOT_LOOKED_AT for gap in gaps)
    return events, [gap for gap in gaps if gap.reason != NOT_LOOKED_AT]


def told(events: list[ClusterEvent]) -> list[tuple[str, str, bool]]:
    return [(e.type, e.name, e.initial) for e in events]


def test_the_list_comes_first_and_marked_then_each_change_at_its_arrival() -> None:
    cluster = ScriptedCluster([([pod("a", 1)], "5")], [[event("MODIFIED", pod("a", 6)), event("ADDED", pod("b", 7))]])
    events, gaps = follow(cluster)
    assert told(events) == [("ADDED", "a", True), ("MODIFIED", "a", False), ("ADDED", "b", False)]
    assert [e.at_ns for e in events] == [0, 1_000_000_000, 2_000_000_000]
    assert "managedFields" not in events[0].object["metadata"]
    assert gaps == []


def test_a_broken_connection_goes_on_where_it_ended() -> None:
    cluster = ScriptedCluster(
        [([], "5")],
        [[event("ADDED", pod("a", 6)), ConnectionResetError()], [event("DELETED", pod("a", 9))]],
    )
    events, gaps = follow(cluster)
    assert told(events) == [("ADDED", "a", False), ("DELETED", "a", False)]
    assert cluster.asked_from[:2] == ["5", "6"]
    assert [(g.from_ns, g.to_ns) for g in gaps] == [(2_000_000_000, 3_050_000_000)]
    assert "nothing is missing" in gaps[0].reason


def test_bookmarks_move_the_place_and_are_no_events() -> None:
    cluster = ScriptedCluster([([], "5")], [[event("BOOKMARK", pod("", 40))], [event("ADDED", pod("a", 41))]])
    events, _ = follow(cluster)
    assert told(events) == [("ADDED", "a", False)]
    assert cluster.asked_from[1] == "40"


@pytest.mark.parametrize("how", [lambda: [EXPIRED], lambda: ApiError("gone", status=410)])
def test_an_expired_place_is_a_gap_and_the_difference_is_reported(how: Callable[[], Any]) -> None:
    cluster = ScriptedCluster(
        [
            ([pod("kept", 1), pod("gone", 1), pod("replaced", 1, "old"), pod("changed", 1)], "5"),
            ([pod("kept", 1), pod("replaced", 8, "new"), pod("changed", 9), pod("new", 7)], "50"),
        ],
        [how()],
    )
    events, gaps = follow(cluster)
    assert sorted(told(events)[4:]) == [
        ("ADDED", "new", False),
        ("ADDED", "replaced", False),
        ("DELETED", "gone", False),
        ("DELETED", "replaced", False),
        ("MODIFIED", "changed", False),
    ]
    assert [(g.kind, g.from_ns) for g in gaps] == [("Pod", 0)]
    assert cluster.asked_from[1] == "50"


def test_a_server_that_ends_each_watch_at_once_is_asked_with_back_off() -> None:
    cluster = ScriptedCluster([([], "5")], [[] for _ in range(1000)])
    follow(cluster, for_s=60)
    assert len(cluster.asked_from) < 30


def test_a_lost_permission_ends_the_watch_with_an_error() -> None:
    cluster = ScriptedCluster([([], "5")], [ApiError("forbidden", status=403)])
    with pytest.raises(ApiError, match="forbidden"):
        follow(cluster)


def managed(obj: dict[str, Any], *entries: tuple[str, str, str]) -> dict[str, Any]:
    """The object with managedFields: (manager, subresource, its fields)."""
    rows = [{"manager": m, "subresource": s, "fieldsV1": {f: {}}} for m, s, f in entries]
    return {"metadata": {**obj["metadata"], "managedFields": rows}}


def test_who_wrote_is_told_by_the_entries_of_managed_fields_that_changed() -> None:
    controller = ("kube-controller-manager", "status", "f:status")
    cluster = ScriptedCluster(
        [([managed(pod("a", 5), ("helm", "", "f:spec"))], "5")],
        [
            [
                event("MODIFIED", managed(pod("a", 6), ("helm", "", "f:spec"), controller)),
                event(
                    "MODIFIED", managed(pod("a", 7), ("helm", "", "f:spec"), controller, ("kubectl-edit", "", "f:x"))
                ),
                event("DELETED", managed(pod("a", 8), ("helm", "", "f:spec"))),
            ]
        ],
    )
    events, _ = follow(cluster)
    assert [e.by for e in events] == ["helm", "kube-controller-manager (status)", "kubectl-edit", ""]


def test_a_watch_that_stalls_is_opened_again_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing breaks and nothing comes; what a look shows is missing, and then comes late and in order."""
    monkeypatch.setattr(Stream, "line_s", 0.25)
    cluster = ScriptedCluster(
        [([pod("a", 1)], "5"), ([pod("a", 6)], "6"), ([pod("b", 9)], "9")],
        [
            [event("MODIFIED", pod("a", 6)), SILENCE],
            [event("ADDED", pod("b", 8)), event("DELETED", pod("a", 9)), SILENCE],
        ],
    )
    events, gaps = follow(cluster, looks_s=(5, 20))
    assert told(events)[1:] == [("MODIFIED", "a", False), ("ADDED", "b", False), ("DELETED", "a", False)]
    assert cluster.asked_from == ["5", "6"]
    (gap,) = gaps
    assert gap.lossless
    assert gap.from_ns == 5_000_000_000  # when a look last found nothing missing
    assert gap.to_ns == events[-1].at_ns


def test_a_watch_that_stalls_again_is_replaced_by_the_list() -> None:
    late = ([pod("b", 9)], "9")
    cluster = ScriptedCluster([([pod("a", 1)], "5"), late, late], [[SILENCE], [SILENCE], [SILENCE]])
    events, gaps = follow(cluster, looks_s=(20,))
    assert told(events) == [("ADDED", "a", True), ("DELETED", "a", False), ("ADDED", "b", False)]
    assert [(g.from_ns, g.lossless) for g in gaps] == [(0, False)]
    assert gaps[0].to_ns == events[-1].at_ns


def test_a_look_at_a_watch_that_has_told_everything_changes_nothing() -> None:
    cluster = ScriptedCluster(
        [([pod("a", 1)], "5"), ([pod("b", 7)], "900")],
        [[event("ADDED", pod("b", 7)), event("DELETED", pod("a", 8)), SILENCE]],
    )
    events, gaps = follow(cluster, looks_s=(10,))
    assert len(events) == 3
    assert gaps == []
    assert cluster.asked_from == ["5"]


def test_what_came_since_the_last_look_may_be_missing_at_the_end() -> None:
    gaps: list[WatchGap] = []

    async def main() -> None:
        clock = RunClock(asyncio.get_running_loop())
        cluster = ScriptedCluster([([], "5"), ([], "5")], [[SILENCE]])
        watcher = Watcher(cluster, clock, "Pod", "ns", lambda _: None, gaps.append)  # type: ignore[arg-type]
        task = asyncio.create_task(watcher.run())
        await asyncio.sleep(10)
        assert await watcher.look()
        await asyncio.sleep(3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtual(main())
    assert [(g.from_ns, g.to_ns, g.reason) for g in gaps] == [(10_000_000_000, 13_000_000_000, NOT_LOOKED_AT)]
