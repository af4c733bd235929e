"""Events on the target: best effort, so that nothing of a run depends on them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.analysis.foreign import WROTE, foreign_changes
from chaos.analysis.reading import Reading
from chaos.engine.announcing import INJECTED, REPORTER, UNDONE, Announcer
from chaos.engine.consent import granted
from chaos.engine.target import WatchedTarget
from chaos.errors import ApiError
from chaos.experiment import Options
from chaos.model import ClusterEvent, FaultWindow
from kubesim import run_virtual
from tests.sandboxed import Ran, run_on

QUICK = Options(namespace="mine", trials=2, grace_s=1, period_s=0.25, connect_period_s=1, max_qps=None, events=True)


def ran(reports: Path) -> tuple[Ran, list[dict[str, Any]]]:
    """A run in a namespace that is there before, and the Events of this tool in it afterwards."""

    async def main() -> tuple[Ran, list[dict[str, Any]]]:
        async with kubesim.Cluster(seed=1) as sandbox:
            meta = {"name": "mine", **granted(None)["metadata"], "annotations": {}}
            sandbox.api.registry.create("Namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
            found = await run_on(sandbox, reports, QUICK)
            events = sorted(
                sandbox.store.list("Event", "mine"), key=lambda one: int(one["metadata"]["resourceVersion"])
            )
            return found, [event for event in events if event["source"].get("component") == REPORTER]

    return run_virtual(main())


def test_each_injection_and_the_undo_stand_beside_the_statefulset(tmp_path: Path) -> None:
    found, events = ran(tmp_path)
    run_id = f"identity-persistence-{found.result.folder.name}".lower()
    assert found.result.error is None
    assert [(event["reason"], event["message"]) for event in events] == [
        (INJECTED, f"run {run_id}: delete-pod web-0 (trial 1)"),
        (INJECTED, f"run {run_id}: delete-pod web-1 (trial 2)"),
        (UNDONE, f"run {run_id}: what it had changed is undone"),
    ]
    uids = {event.uid for event in found.history.events if event.kind == "StatefulSet"}
    for event in events:
        about = event["involvedObject"]
        assert (about["kind"], about["name"], about["namespace"]) == ("StatefulSet", "web", "mine")
        assert {about["uid"]} == uids
        assert event["reportingComponent"] == REPORTER
    assert foreign_changes(Reading(found.history)) == []
    assert not [d for _, what, d in found.history.marks if what == WROTE and d["kind"] == "Event"]


class Refusing:
    """A cluster that takes no Events, and its time to say so."""

    def __init__(self, status: int | None) -> None:
        self.asked: list[str] = []
        self._status = status

    async def announce(self, event: dict[str, Any], limit_s: float) -> None:
        self.asked.append(event["reason"])
        await asyncio.sleep(limit_s)
        if self._status is not None:
            raise ApiError(f"telling {event['reason']}: no", status=self._status)


def announced(status: int | None, *, wanted: bool = True) -> tuple[list[str], str, float]:
    """What was asked of two faults and the undo, why not all was written, and how long the faults waited for it."""

    async def story() -> tuple[list[str], str, float]:
        cluster, target = Refusing(status), WatchedTarget("mine", "web", "web", 80, ("web-0",))
        at = datetime(2026, 1, 1, tzinfo=UTC)
        announcer = Announcer(cluster, target, "r-1", at, wanted=wanted)  # type: ignore[arg-type]
        announcer.saw(ClusterEvent(0, "ADDED", "StatefulSet", "mine", "web", "uid", {}))
        sending = asyncio.create_task(announcer.run())
        for trial in (1, 2):
            announcer.injected(FaultWindow("delete-pod", trial, (), "accepted", 1, 2, None))
        waited_s = asyncio.get_running_loop().time()
        await asyncio.sleep(30)
        sending.cancel()
        await announcer.finish()
        await announcer.undone(at, 0)
        return cluster.asked, announcer.problem, waited_s

    return run_virtual(story())


@pytest.mark.parametrize(("status", "times"), [(403, 1), (500, 2), (0, 2)])
def test_one_that_cannot_be_written_delays_nothing_and_is_told(status: int, times: int) -> None:
    """Where they are forbidden nobody asks twice, and what was not told is not taken back."""
    assert announced(status) == ([INJECTED] * times, f"telling {INJECTED}: no", 0.0)
    assert announced(None) == ([INJECTED, INJECTED, UNDONE], "", 0.0)


def test_one_that_was_written_although_nobody_heard_so_is_no_problem() -> None:
    """It was being sent when the method ended, and is sent once more."""

    class There(Refusing):
        async def announce(self, event: dict[str, Any], _limit_s: float) -> None:
            raise ApiError(f"telling {event['reason']}", status=409, reason="AlreadyExists")

    async def story() -> str:
        target, at = WatchedTarget("mine", "web", "web", 80, ("web-0",)), datetime(2026, 1, 1, tzinfo=UTC)
        announcer = Announcer(There(None), target, "r-1", at, wanted=True)  # type: ignore[arg-type]
        announcer.saw(ClusterEvent(0, "ADDED", "StatefulSet", "mine", "web", "uid", {}))
        announcer.injected(FaultWindow("delete-pod", 1, (), "accepted", 1, 2, None))
        await announcer.finish()
        return announcer.problem

    assert run_virtual(story()) == ""


def test_without_events_nothing_is_written() -> None:
    assert announced(None, wanted=False) == ([], "", 0.0)
