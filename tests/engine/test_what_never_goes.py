"""What never goes, such as what has a finalizer of nobody, keeps nothing else from being removed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal
from chaos.engine.lease import lease_of
from chaos.engine.patience import AFTER_SIGNAL_S, CLEANUP_WITHIN_S, Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import roll_back
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
