"""Where somebody put his own in the place of what a run made, the run's method neither changes nor deletes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos.cli.status import tell
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.belonging import claims_of
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL, Journal
from chaos.cluster.mirror import MIRROR_LABEL, MIRROR_NAME
from chaos.cluster.undo import Undo
from chaos.engine.leftovers import find_where_allowed
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.engine.standing import look
from chaos.errors import ApiError, InUseError
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import VOLUMES, Left, clean, nobody_there, own_namespace
from tests.engine.test_nothing_of_others import copied, deployment, names

__all__ = ["nobody_there"]
ADDRESS = ClusterAddress(context="c")
THEIRS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it", "namespace": "mine"}, "data": {"a": "b"}}


def begun(place: Place, folder: Path) -> tuple[Journal, Changes]:
    journal = Journal.start(folder, {"id": "r1", "fingerprint": place.cluster.fingerprint})
    return journal, Changes(place.cluster, journal, RunClock(asyncio.get_running_loop()), "r1")


def test_what_somebody_put_in_the_place_of_a_runs_object_is_neither_changed_nor_deleted(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        journal, changes = begun(place, tmp_path)
        await changes.create({**THEIRS, "data": {}})
        await changes.patch("ConfigMap", "it", "mine", {"data": {"c": "d"}}, because="the run made it")
        await place.cluster.delete("ConfigMap", "it", "mine")
        theirs = await place.cluster.create(THEIRS)
        with pytest.raises(ApiError):
            await changes.patch("ConfigMap", "it", "mine", {"data": {"a": None}}, because="the run made it")
        with pytest.raises(ApiError):
            await changes.delete("ConfigMap", "it", "mine", because="the run made it")
        found = await place.cluster.get("ConfigMap", "it", "mine")
        assert found is not None
        assert (found["metadata"]["uid"], found["data"]) == (theirs["metadata"]["uid"], {"a": "b"})
        journal.close()

    run(story)


@pytest.mark.parametrize(
    ("manager", "stays"), [("kubectl-create", True), ("Terraform", True), ("kube-controller-manager", False)]
)
def test_a_config_map_that_a_person_wrote_keeps_a_namespace_and_one_that_came_by_itself_does_not(
    tmp_path: Path, manager: str, stays: bool
) -> None:
    async def story(place: Place) -> None:
        journal, changes = begun(place, tmp_path)
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
        await place.cluster.create(THEIRS)
        found = place.sandbox.store.get("ConfigMap", "mine", "it")
        assert found is not None
        found["metadata"]["managedFields"] = [{"manager": manager}]  # the sandbox notes none
        (entry,) = journal.open_entries()
        undo = Undo(place.cluster, journal, RunClock(asyncio.get_running_loop()))
        if stays:
            with pytest.raises(InUseError, match="ConfigMap it"):
                await undo.undo(entry)
        else:
            await undo.undo(entry)
        journal.close()

    run(story)


@pytest.mark.parametrize("kind", ["CronJob", "DaemonSet", "Ingress"])
def test_what_somebody_runs_only_now_and_then_keeps_a_namespace(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CronJob between its Jobs, a DaemonSet whose nodes are gone: no pod tells of them."""
    listed = Cluster.list

    async def with_theirs(self: Cluster, of: str, *where: str) -> tuple[list[Any], str]:
        meta = {"name": "nightly", "namespace": "mine", "uid": "u"}
        return ([{"kind": kind, "metadata": meta}], "") if of == kind else await listed(self, of, *where)

    monkeypatch.setattr(Cluster, "list", with_theirs)  # the sandbox serves none of them

    async def story(place: Place) -> None:
        journal, changes = begun(place, tmp_path)
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
        (entry,) = journal.open_entries()
        undo = Undo(place.cluster, journal, RunClock(asyncio.get_running_loop()))
        with pytest.raises(InUseError, match=f"{kind} nightly"):
            await undo.undo(entry)
        journal.close()

    run(story)


@pytest.mark.parametrize("is_known", [True, False], ids=["by its journal", "by its label"])
def test_what_a_deleted_statefulset_no_longer_owned_goes_with_its_run(tmp_path: Path, is_known: bool) -> None:
    """Pods and revisions that were orphaned, and its claims."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        await place.cluster.delete("StatefulSet", "web", "mine", propagation="Orphan")
        await asyncio.sleep(5)
        left.journal.close()
        if is_known:
            journal = Journal.load(left.journal.path)
            assert await recover(journal, place.cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        else:
            left.journal.path.unlink()
            assert await clean(place, tmp_path, "killed") == 0
        await asyncio.sleep(30)
        assert await names(place, "mine", "Pod", "ControllerRevision", "PersistentVolumeClaim") == set()

    run(story)


def test_a_statefulset_that_somebody_deletes_without_its_own_just_then_leaves_nothing(tmp_path: Path) -> None:
    """Between the look at it and the request."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        delete = place.cluster.delete

        async def late(kind: str, name: str, namespace: str = "", *said: Any, **more: Any) -> Any:
            if kind == "StatefulSet":
                await delete(kind, name, namespace, propagation="Orphan")
                await asyncio.sleep(5)
            return await delete(kind, name, namespace, *said, **more)

        place.cluster.delete = late  # type: ignore[method-assign]
        clock = RunClock(asyncio.get_running_loop())
        left.journal.close()
        assert await recover(Journal.load(left.journal.path), place.cluster, clock, Silence()) == []
        await asyncio.sleep(30)
        assert await names(place, "mine", "Pod", "ControllerRevision", "PersistentVolumeClaim") == set()

    run(story)


def test_claims_that_somebodys_statefulset_of_that_name_took_over_stay(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        left.journal.close()
        await place.cluster.delete("StatefulSet", "web", "mine", propagation="Background")
        await asyncio.sleep(60)
        statefulset = next(obj for obj in yaml.safe_load_all(VOLUMES) if obj["kind"] == "StatefulSet")
        statefulset["metadata"]["namespace"] = "mine"
        await place.cluster.create(statefulset)
        await place.ready(3, "mine", "app=web-stateful")
        await clean(place, tmp_path)
        assert await claims_of(place.cluster, "web", "mine", "killed") == []  # taken over while `recover` was waiting
        claims, _ = await place.cluster.list("PersistentVolumeClaim", "mine")
        assert [claim["metadata"].get("deletionTimestamp") for claim in claims] == [None] * 3

    run(story)


def test_a_runs_namespace_that_says_what_another_run_is_to_undo_stays(tmp_path: Path) -> None:
    """Which worked in it, cordoned a node, and died on a machine that is gone; what the run says of itself is its."""

    async def story(place: Place) -> None:
        journal, changes = begun(place, tmp_path)
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
        meta = {"name": MIRROR_NAME, "namespace": "mine", "labels": {MIRROR_LABEL: "r2"}}
        await place.cluster.create({**THEIRS, "metadata": meta})
        (entry,) = journal.open_entries()
        undo = Undo(place.cluster, journal, RunClock(asyncio.get_running_loop()))
        with pytest.raises(InUseError, match=MIRROR_NAME):
            await undo.undo(entry)
        await place.cluster.patch("ConfigMap", MIRROR_NAME, "mine", {"metadata": {"labels": {MIRROR_LABEL: "r1"}}})
        await undo.undo(entry)
        journal.close()

    run(story)


@pytest.mark.parametrize(("manager", "code"), [("kubectl-create", 5), ("policy-controller", 0)])
def test_cleanup_takes_for_somebody_elses_what_a_rollback_does(tmp_path: Path, manager: str, code: int) -> None:
    """A quota that came by itself, as in many clusters, goes with the namespace."""

    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        left.journal.close()
        meta = {"name": "quota", "namespace": "chaos-killed"}
        await place.cluster.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta})
        found = place.sandbox.store.get("ResourceQuota", "chaos-killed", "quota")
        assert found is not None
        found["metadata"]["managedFields"] = [{"manager": manager}]
        assert await clean(place, tmp_path) == code

    run(story)


def test_claims_beside_a_copy_in_another_namespace_are_still_the_runs(tmp_path: Path) -> None:
    """Its StatefulSet is gone, and one of that name carries its label elsewhere."""

    async def story(place: Place) -> None:
        for name in ("mine", "theirs"):
            await own_namespace(place, name)
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        left.journal.close()
        await place.cluster.delete("StatefulSet", "web", "mine", propagation="Background")
        await asyncio.sleep(60)
        await copied(place, "killed", "theirs", "web")
        assert await clean(place, tmp_path) == 0
        assert await names(place, "mine", "PersistentVolumeClaim") == set()
        assert len(await names(place, "theirs", "PersistentVolumeClaim")) == 3

    run(story)


def test_claims_stay_where_nobody_may_look_whose_statefulset_uses_them(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        left.journal.close()
        listed = place.cluster.list

        async def some(kind: str, namespace: str = "", *said: Any, **more: Any) -> Any:
            if kind == "StatefulSet" or not namespace:
                raise ApiError("no", status=403)
            return await listed(kind, namespace, *said, **more)

        place.cluster.list = some  # type: ignore[method-assign]
        (killed,), where, unseen = await find_where_allowed(place.cluster, [], frozenset(), "mine")
        assert (where, unseen) == ("mine", ["StatefulSet", "PersistentVolumeClaim"])
        assert [one for one in killed.copies if one.startswith("PersistentVolumeClaim")] == killed.copies
        assert len(killed.copies) == 3

    run(story)


def test_pods_of_another_deployment_whose_name_begins_so_are_not_ended_with_it(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        journal, changes = begun(place, tmp_path)
        for name in ("web-two", "web"):
            await changes.create(deployment(name, "mine"))
        await asyncio.sleep(20)
        entry, _ = journal.open_entries()
        await Undo(place.cluster, journal, RunClock(asyncio.get_running_loop())).undo(entry)
        (pod,) = (await place.cluster.list("Pod", "mine"))[0]
        assert pod["metadata"]["name"].startswith("web-two-")
        assert "deletionTimestamp" not in pod["metadata"]
        journal.close()

    run(story)


def test_pods_of_a_statefulset_whose_label_somebody_took_off_are_left_to_it_and_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        left.journal.close()
        left.journal.path.unlink()
        off = {"metadata": {"labels": {RUN_LABEL: None}}}
        await place.cluster.patch("StatefulSet", "web", "mine", off)
        pods = {row["metadata"]["uid"] for row in (await place.cluster.list("Pod", "mine"))[0]}
        assert await clean(place, tmp_path, "killed") == 5
        assert {row["metadata"]["uid"] for row in (await place.cluster.list("Pod", "mine"))[0]} == pods
        assert tell(place.cluster, ADDRESS, await look(place.cluster, ADDRESS, tmp_path, ""), as_json=False) == 5

    run(story)
    said = capsys.readouterr()
    assert "StatefulSet web in namespace mine was left alone: it does not carry the label" in said.err
    assert "if it is the run's: kubectl delete statefulset web -n mine" in said.err
    assert "  StatefulSet web in namespace mine, which does not carry the run's label" in said.out
