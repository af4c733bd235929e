"""What runs left in a cluster is removed, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.console import SteadfastConsole
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.journal import FIX_PREFIX, RUN_LABEL, Journal
from chaos.engine.consent import OPT_IN_LABEL
from tests.diagnose.clusters import Place, run
from tests.diagnose.looking import MANIFESTS

VOLUMES = (MANIFESTS / "web-volumes.yaml").read_text()
HOUR_S = 3700


class Left:
    """What a run that was killed leaves: its objects, and its journal with nobody holding it."""

    def __init__(self, place: Place, reports: Path, run_id: str) -> None:
        folder = reports / run_id
        folder.mkdir(parents=True)
        self.place = place
        self.journal = Journal.start(folder, {"id": run_id, "fingerprint": place.cluster.fingerprint})
        self.changes = Changes(place.cluster, self.journal, RunClock(asyncio.get_running_loop()), run_id)

    async def namespace(self, name: str) -> None:
        meta = {"name": name, "labels": {OPT_IN_LABEL: "true"}}
        await self.changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})

    async def lease(self, namespace: str) -> None:
        meta = {"name": "chaos-identity", "namespace": namespace}
        await self.changes.create(
            {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": {}}
        )

    async def workload(self, namespace: str) -> None:
        for obj in yaml.safe_load_all(VOLUMES):
            obj["metadata"]["namespace"] = namespace
            await self.changes.create(obj)
        await self.place.ready(3, namespace, f"{RUN_LABEL}")


async def clean(place: Place, reports: Path, *over: str, agreed: bool = True) -> int:
    request = CleanupRequest(ClusterAddress(url="x"), reports, frozenset(over), agreed)
    return await clean_cluster(place.cluster, request, SteadfastConsole(stderr=True))


async def ours(place: Place) -> list[str]:
    """Everything that carries a run's label, in any namespace."""
    found = []
    for kind in ("Namespace", "StatefulSet", "Service", "Pod", "PersistentVolumeClaim", "Lease", "ConfigMap"):
        rows, _ = await place.cluster.list(kind, "", RUN_LABEL)
        found += [f"{kind} {row['metadata']['name']}" for row in rows]
    return found


async def own_namespace(place: Place, name: str) -> None:
    """A user's, who allows experiments in it."""
    meta: dict[str, Any] = {"name": name, "labels": {OPT_IN_LABEL: "true"}}
    await place.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})


@pytest.fixture(autouse=True)
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


def test_what_killed_runs_left_is_removed_and_a_second_look_finds_nothing(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        await left.lease("chaos-killed")
        await left.workload("chaos-killed")
        await left.lease("mine")
        await left.workload("mine")
        left.journal.close()
        await place.apply((MANIFESTS / "web-service.yaml").read_text(), "mine")
        assert await clean(place, tmp_path) == 0
        assert await ours(place) == []
        services, _ = await place.cluster.list("Service", "mine")
        assert [s["metadata"]["name"] for s in services] == ["web-service"]
        assert await clean(place, tmp_path) == 0

    run(story)


def test_a_volume_that_somebody_reserved_for_a_claim_by_name_is_nobodys_leftover(tmp_path: Path) -> None:
    """Its claimRef has no UID, as an administrator writes it."""

    async def test(place: Place) -> None:
        left = Left(place, tmp_path, "web-1")
        await left.namespace("chaos-identity-1")
        await left.workload("chaos-identity-1")
        left.journal.close()
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "precious"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "prod", "name": "data-db-0"},
                "hostPath": {"path": "/data"},
                "persistentVolumeReclaimPolicy": "Retain",
            },
        }
        await place.cluster.create(volume)
        await clean(place, tmp_path)
        assert await place.cluster.get("PersistentVolume", "precious") is not None

    run(test)


def test_a_run_that_is_under_way_is_not_touched_and_who_says_that_it_is_over_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "alive")
        await left.namespace("chaos-alive")
        assert await clean(place, tmp_path) == 0  # it left nothing: it is at work
        assert "nothing is left but by runs that are under way" in capsys.readouterr().err.replace("\n", " ")
        assert await clean(place, tmp_path, "alive") == 5
        assert await ours(place) == ["Namespace chaos-alive"]

    run(story)
    said = capsys.readouterr().err.replace("\n", " ")
    assert "left: run alive, which is still under way: a process of this machine holds" in said
    assert "--run alive" in said
    assert "nothing is left" not in said


def test_a_young_run_of_another_machine_is_left_alone_until_somebody_says_that_it_is_over(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await Left(place, tmp_path / "elsewhere", "far").namespace("chaos-far")
        here = tmp_path / "here"
        assert await clean(place, here) == 5
        assert await ours(place) == ["Namespace chaos-far"]
        assert await clean(place, here, "far") == 0
        assert await ours(place) == []

    run(story)


def test_an_old_run_of_another_machine_is_over(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await Left(place, tmp_path / "elsewhere", "far").namespace("chaos-far")
        await asyncio.sleep(HOUR_S)
        assert await clean(place, tmp_path / "here") == 0
        assert await ours(place) == []

    run(story)


def test_without_consent_nothing_is_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        left.journal.close()
        assert await clean(place, tmp_path, agreed=False) == 5
        assert await ours(place) == ["Namespace chaos-killed"]

    run(story)
    said = capsys.readouterr().err
    assert "Namespace chaos-killed" in said
    assert "nobody can be asked here; --yes agrees" in said


def test_a_namespace_in_which_somebody_else_works_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        left.journal.close()
        await place.apply((MANIFESTS / "web-service.yaml").read_text(), "chaos-killed")
        assert await clean(place, tmp_path) == 5
        assert await ours(place) == ["Namespace chaos-killed"]

    run(story)
    assert "somebody else has put things into it: Service web-service" in capsys.readouterr().err


def test_what_fix_made_is_meant_to_stay(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, f"{FIX_PREFIX}1")
        await own_namespace(place, "mine")
        meta = {"name": "kept", "namespace": "mine"}
        await left.changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        left.journal.close()
        assert await clean(place, tmp_path) == 0
        assert await ours(place) == ["ConfigMap kept"]

    run(story)


def test_a_change_that_deleting_does_not_undo_names_its_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 1}})
        left.journal.close()
        assert await clean(place, tmp_path) == 5

    run(story)
    said = capsys.readouterr().err
    assert "not undone: patch Deployment coredns in namespace kube-system" in said
    assert f"chaos recover {tmp_path}" in said.replace("\n", "")
