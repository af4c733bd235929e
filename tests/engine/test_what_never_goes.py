"""What never goes, such as what has a finalizer of nobody, keeps nothing else from being removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal
from chaos.engine.lease import lease_of
from chaos.engine.patience import AFTER_SIGNAL_S, CLEANUP_WITHIN_S, Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import roll_back
from chaos.errors import ApiError
from chaos.model.object import Object
from tests.cluster.failing import Away
from tests.cluster.test_foreign_journals import make
from tests.diagnose.clusters import Place, run

STUCK = ("stuck-1", "stuck-2", "stuck-3", "stuck-4")


@pytest.mark.parametrize("within_s", [AFTER_SIGNAL_S, CLEANUP_WITHIN_S])
def test_what_can_be_removed_is_and_the_lease_stays_nearly_to_the_end(
    tmp_path: Path, within_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.cluster.removal._POLL_S", 2.0)  # else most of the test is that

    async def story(place: Place) -> None:
        await make(place, "Namespace", "mine")
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "mine"})
        changes = Changes(place.cluster, journal, clock, "r1")
        await changes.create(lease_of("r1", "mine"))
        for name in ("free", *STUCK):
            meta = {"name": name, "namespace": "mine", "finalizers": ["x.io/never"] * name.startswith("stuck")}
            await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        began_s = clock.now_s()
        undoing = asyncio.create_task(roll_back(journal, changes, Silence(), Patience(clock, within_s)))
        await asyncio.sleep(within_s - 31)
        assert await place.cluster.get("Lease", "chaos-identity", "mine") is not None
        failures = await undoing
        assert within_s - 10 < clock.now_s() - began_s < within_s + 10
        assert [failure.message.split()[1] for failure in failures] == sorted(STUCK, reverse=True)
        assert await place.cluster.get("Lease", "chaos-identity", "mine") is None
        assert await place.cluster.get("ConfigMap", "free", "mine") is None

    run(story)


def test_what_is_in_a_namespace_that_stays_is_kept_from_going_by_nothing_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays for what somebody else has put into it, and so all in it goes by itself."""
    monkeypatch.setattr("chaos.cluster.removal._POLL_S", 2.0)

    async def story(place: Place) -> None:
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "ours"})
        changes = Changes(place.cluster, journal, clock, "r1")
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
        await make(place, "Service", "theirs", "ours", spec={"ports": [{"port": 80}]})
        for name in ("free", *STUCK):
            meta = {"name": name, "namespace": "ours", "finalizers": ["x.io/never"] * name.startswith("stuck")}
            await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        failures = await roll_back(journal, changes, Silence(), Patience(clock, AFTER_SIGNAL_S))
        assert len(failures) == len(STUCK) + 1
        assert await place.cluster.get("ConfigMap", "free", "ours") is None

    run(story)


def test_a_lease_that_could_not_be_deleted_at_first_does_not_wait_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Cluster.delete
    refused: list[int] = []

    async def delete(self: Cluster, kind: str, *said: Any, **more: Any) -> Object:
        if kind == "Lease" and not refused:
            refused.append(1)
            raise ApiError("no answer", lost=True)
        return await really(self, kind, *said, **more)

    async def story(place: Place) -> None:
        await make(place, "Namespace", "mine")
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "mine"})
        changes = Changes(place.cluster, journal, clock, "r1")
        await changes.create(lease_of("r1", "mine"))
        monkeypatch.setattr(Cluster, "delete", delete)
        began_s = clock.now_s()
        assert await roll_back(journal, changes, Silence(), Patience(clock)) == []
        assert refused
        assert clock.now_s() - began_s < 5

    run(story)


def test_a_change_that_is_held_up_keeps_nothing_else_from_being_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by an admission webhook that does not answer, after a signal."""
    really = Cluster.patch

    async def patch(self: Cluster, kind: str, *said: Any, **more: Any) -> Object:
        if kind == "Deployment":
            await asyncio.sleep(1000)
        return await really(self, kind, *said, **more)

    async def story(place: Place) -> None:
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "ours"})
        changes = Changes(place.cluster, journal, clock, "r1")
        meta = {"name": "ours", "namespace": "default"}
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        await make(place, "ConfigMap", "theirs", "default", data={"a": "1"})
        await changes.patch("ConfigMap", "theirs", "default", {"data": {"a": "2"}})
        await changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 1}})
        monkeypatch.setattr(Cluster, "patch", patch)
        (failure,) = await roll_back(journal, changes, Silence(), Patience(clock, AFTER_SIGNAL_S))
        assert failure.message.startswith("Deployment coredns in namespace kube-system could not be put back")

    run(story)


def test_after_a_signal_it_ends_in_about_a_minute_however_much_is_left(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "ours"})
        changes = Changes(place.cluster, journal, clock, "r1")
        for number in range(10):
            meta = {"name": f"ours-{number}", "namespace": "default"}
            await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        place.sandbox.api.faults = Away(asyncio.get_running_loop().time() + 1000)
        began_s = clock.now_s()
        assert len(await roll_back(journal, changes, Silence(), Patience(clock, AFTER_SIGNAL_S))) == 10
        assert clock.now_s() - began_s < AFTER_SIGNAL_S + 11

    run(story)
