"""A run that is killed before it undoes anything: its journal, read back as anybody's file, is enough."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

import kubesim
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, RUN_LABEL, Journal
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.experiment import Options, find_experiment
from kubesim import run_virtual
from tests.cluster.test_foreign_journals import make
from tests.diagnose.clusters import Place, run
from tests.sandboxed import run_on
from tests.unchanged import differences, everything

WEB = Path(__file__).parents[2] / "experiments" / "manifests" / "web-quick.yaml"
KINDS = (
    "Namespace",
    "StatefulSet",
    "Deployment",
    "Job",
    "Service",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Pod",
    "Lease",
)


async def not_at_all(*_: Any) -> list[Any]:
    return []


@pytest.mark.parametrize("name", ["cross-namespace", "scale-cycle"])
def test_everything_that_it_made_carries_its_label_and_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("chaos.engine.execution.roll_back", not_at_all)

    async def story() -> None:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        await run_on(sandbox, tmp_path, Options(trials=1, period_s=0.1, max_qps=None), find_experiment(name))
        cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
        journal = Journal.load(next(tmp_path.rglob(JOURNAL)))  # noqa: ASYNC240 - one small folder
        assert len(journal.open_entries()) >= 5
        assert await recover(journal, cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        left = [row["metadata"]["name"] for kind in KINDS for row in (await cluster.list(kind, "", RUN_LABEL))[0]]
        assert left == []
        await cluster.close()
        await sandbox.stop()

    run_virtual(story())


@pytest.mark.parametrize(("kind", "after_s"), [("StatefulSet", 0.0), ("Deployment", 30.0)])
def test_what_a_workload_left_behind_that_was_deleted_without_it_is_removed(
    tmp_path: Path, kind: str, after_s: float
) -> None:
    """As broken-servicename does in somebody's namespace, killed before it made the workload again."""

    async def story(place: Place) -> None:
        await make(place, "Namespace", "mine")
        await asyncio.sleep(5)
        before = everything(place.sandbox.store)
        about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "mine"}
        journal, clock = Journal.start(tmp_path, about), RunClock(asyncio.get_running_loop())
        changes = Changes(place.cluster, journal, clock, "r1")
        _, workload = yaml.safe_load_all(WEB.read_text())
        workload |= {"kind": kind, "metadata": {"name": "web", "namespace": "mine"}}
        if kind == "Deployment":
            workload["spec"].pop("serviceName")
            workload["spec"].pop("volumeClaimTemplates", None)
        await changes.create(workload)
        await asyncio.sleep(20)
        await changes.delete(kind, "web", "mine", because="it is made again", propagation="Orphan")
        await asyncio.sleep(after_s)
        journal.close()
        assert await recover(Journal.load(journal.path), place.cluster, clock, Silence()) == []
        await asyncio.sleep(60)
        assert differences(before, everything(place.sandbox.store)) == []

    run(story)
