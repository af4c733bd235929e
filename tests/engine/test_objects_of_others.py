"""Where somebody put his own in the place of what a run made, the run's method neither changes nor deletes it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal
from chaos.cluster.undo import Undo
from chaos.errors import ApiError, InUseError
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import own_namespace

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


@pytest.mark.parametrize(("manager", "stays"), [("kubectl-create", True), ("kube-controller-manager", False)])
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
