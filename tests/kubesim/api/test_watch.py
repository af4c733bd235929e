"""Watches."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import aiohttp
import pytest
from aiohttp import web

CONFIGS = "/api/v1/namespaces/default/configmaps"


def seen(answer: Any) -> list[tuple[str, str]]:
    return [(line["type"], line["object"]["metadata"].get("name", "")) for line in answer.lines]


def config(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": labels}}


def test_a_watch_without_a_version_begins_with_what_is_there_and_ends_on_time(served: Any) -> None:
    async def scenario(lab: Any) -> tuple[Any, float]:
        lab.registry.create("ConfigMap", config("old"))
        watch = asyncio.create_task(lab.call("GET", f"{CONFIGS}?watch=1&timeoutSeconds=7"))
        await asyncio.sleep(3)
        lab.registry.create("ConfigMap", config("new"))
        return await watch, lab.now_s()

    answer, ended_s = served(scenario)
    assert seen(answer) == [("ADDED", "old"), ("ADDED", "new")]
    assert ended_s == 7.0


def test_a_watch_from_a_version_gives_exactly_what_came_after_it(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("ConfigMap", config("a"))
        version = (await lab.call("GET", CONFIGS)).json["metadata"]["resourceVersion"]
        lab.registry.create("ConfigMap", config("b"))
        lab.store.remove("ConfigMap", "default", "a")
        return await lab.call("GET", f"{CONFIGS}?watch=1&timeoutSeconds=1&resourceVersion={version}")

    assert seen(served(scenario)) == [("ADDED", "b"), ("DELETED", "a")]


def test_an_object_that_leaves_the_selector_is_deleted_and_one_that_enters_is_added(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("ConfigMap", config("a", x="1"))
        lab.registry.create("ConfigMap", config("b", x="2"))
        path = f"{CONFIGS}?watch=1&timeoutSeconds=5&labelSelector=x%3D1"
        watch = asyncio.create_task(lab.call("GET", path))
        await asyncio.sleep(1)
        lab.registry.update("ConfigMap", config("a", x="2"))
        lab.registry.update("ConfigMap", config("b", x="1"))
        lab.registry.update("ConfigMap", config("b", x="1", y="1"))
        lab.store.remove("ConfigMap", "default", "a")
        return await watch

    answer = served(scenario)
    assert seen(answer) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "b"), ("MODIFIED", "b")]
    left = answer.lines[1]["object"]["metadata"]
    assert left["labels"] == {"x": "1"}, "the last state under the selector"
    assert int(left["resourceVersion"]) > int(answer.lines[0]["object"]["metadata"]["resourceVersion"])


def test_a_version_that_history_has_lost_is_an_error_event_in_a_good_stream(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        for i in range(5001):
            lab.store.create("ConfigMap", config(f"c{i}"))
        return await lab.call("GET", f"{CONFIGS}?watch=1&timeoutSeconds=1&resourceVersion=1")

    answer = served(scenario)
    assert answer.status == 200
    (event,) = answer.lines
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")


def test_bookmarks_come_each_minute_and_at_the_end(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        return await lab.call("GET", f"{CONFIGS}?watch=1&timeoutSeconds=130&allowWatchBookmarks=true&resourceVersion=2")

    answer = served(scenario)
    assert [line["type"] for line in answer.lines] == ["BOOKMARK"] * 3
    assert answer.lines[0]["object"]["metadata"]["resourceVersion"] == "2"


def test_initial_events_end_with_a_marked_bookmark(served: Any) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("ConfigMap", config("a"))
        query = (
            "watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        )
        return await lab.call("GET", f"{CONFIGS}?{query}")

    first, second, *_ = served(scenario).lines
    assert first["type"] == "ADDED"
    assert second["type"] == "BOOKMARK"
    assert second["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_stopping_the_server_ends_watches_at_once(served: Any) -> None:
    async def scenario(lab: Any) -> tuple[Any, float]:
        watch = asyncio.create_task(lab.call("GET", f"{CONFIGS}?watch=1"))
        await asyncio.sleep(5)
        await lab.server.stop()
        await asyncio.wait([watch])
        return watch, lab.now_s()

    _, ended_s = served(scenario)
    assert ended_s == 5.0


def test_a_client_that_leaves_ends_its_watch(served: Any) -> None:
    async def scenario(lab: Any) -> int:
        watch = asyncio.create_task(lab.call("GET", f"{CONFIGS}?watch=1"))
        await asyncio.sleep(1)
        watch.cancel()
        await asyncio.wait([watch])
        await asyncio.sleep(1)
        return len(lab.store._subscribers)

    assert served(scenario) == 0


def test_a_client_that_leaves_while_an_event_is_written_is_no_error(
    served: Any, monkeypatch: pytest.MonkeyPatch, logged: list[logging.LogRecord]
) -> None:
    async def gone(*_: Any) -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    async def scenario(lab: Any) -> int:
        watch = asyncio.create_task(lab.call("GET", f"{CONFIGS}?watch=1"))
        await asyncio.sleep(1)
        monkeypatch.setattr(web.StreamResponse, "write", gone)
        lab.registry.create("ConfigMap", config("a"))
        await asyncio.sleep(1)
        watch.cancel()
        return len(lab.store._subscribers)

    assert served(scenario) == 0
    assert logged == []


def test_a_change_reaches_the_watch_after_the_drawn_delay(served: Any) -> None:
    async def scenario(lab: Any) -> float:
        url = f"{lab.server.url}{CONFIGS}?watch=1&timeoutSeconds=9"
        async with lab.http.get(url) as response:
            await asyncio.sleep(1)
            began_s = lab.now_s()
            lab.registry.create("ConfigMap", config("a"))
            await response.content.readline()
            return float(lab.now_s() - began_s)

    delays = {"api_network": (0.25, 0.25), "api_request": (0, 0), "api_commit": (0, 0), "api_watch": (0.5, 0.5)}
    assert served(scenario, delays=delays) == 0.75


def test_a_deleted_pod_is_seen_terminating_before_it_is_gone(served: Any, manifests: Any) -> None:
    async def scenario(lab: Any) -> Any:
        lab.registry.create("Pod", manifests["pod"])
        path = "/api/v1/namespaces/default/pods"
        watch = asyncio.create_task(lab.call("GET", f"{path}?watch=1&timeoutSeconds=2"))
        await asyncio.sleep(1)
        await lab.call("DELETE", f"{path}/p")
        return await watch

    answer = served(scenario)
    assert seen(answer) == [("ADDED", "p"), ("MODIFIED", "p"), ("DELETED", "p")]
    assert answer.lines[1]["object"]["metadata"]["deletionGracePeriodSeconds"] == 0
