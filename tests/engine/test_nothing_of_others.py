"""What others put beside a run's things stays, whatever label it carries: in a rollback, in recover and in cleanup."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos.clock import RunClock
from chaos.cluster.belonging import Belongings
from chaos.cluster.entry import RUN_LABEL, UndoEntry
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.undo import Undo
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import RollbackError
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import VOLUMES, Left, clean, nobody_there, own_namespace

__all__ = ["nobody_there"]
POD = {"containers": [{"name": "box", "image": "nginx:alpine"}]}


def deployment(name: str, namespace: str, **labels: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name, **labels}}, "spec": POD}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


async def copied(place: Place, run_id: str, namespace: str, name: str) -> None:
    """What `kubectl get -o yaml`, another name and `kubectl create` make of a run's StatefulSet."""
    label = {RUN_LABEL: run_id}
    found = next(obj for obj in yaml.safe_load_all(VOLUMES) if obj["kind"] == "StatefulSet")
    found["metadata"] |= {"name": name, "namespace": namespace, "labels": label}
    found["spec"]["selector"] = {"matchLabels": {"app": name}}
    found["spec"]["template"]["metadata"]["labels"] = {"app": name, **label}
    for template in found["spec"]["volumeClaimTemplates"]:
        template["metadata"]["labels"] = label
    await place.cluster.create(found)
    await place.ready(3, namespace, f"app={name}")


async def names(place: Place, namespace: str, *kinds: str) -> set[str]:
    return {
        f"{kind} {row['metadata']['name']}" for kind in kinds for row in (await place.cluster.list(kind, namespace))[0]
    }


async def recovered(place: Place, reports: Path) -> list[RollbackError]:
    journal = Journal.load(next(reports.rglob(JOURNAL)))  # noqa: ASYNC240 - one small folder
    failures = await recover(journal, place.cluster, RunClock(asyncio.get_running_loop()), Silence())
    await asyncio.sleep(5)  # claims go when their protection ends
    return failures


async def cleaned(place: Place, reports: Path) -> list[RollbackError]:
    await clean(place, reports)
    return []


Undone = Callable[[Place, Path], Awaitable[list[RollbackError]]]


def test_a_namespace_with_a_colleagues_deployment_stays_with_it_and_the_runs_own_things_go(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        await left.workload("chaos-killed")
        await place.cluster.create(deployment("theirs", "chaos-killed"))
        await place.ready(1, "chaos-killed", "app=theirs")
        left.journal.close()
        (failure,) = await recovered(place, tmp_path)
        assert "Namespace chaos-killed was left alone: somebody else has put things into it: " in failure.message
        assert "Deployment theirs" in failure.message
        assert "web" not in failure.message
        kinds = ("StatefulSet", "Deployment", "Service", "PersistentVolumeClaim", "Pod")
        stayed = await names(place, "chaos-killed", *kinds)
        assert {name for name in stayed if "theirs" not in name} == set()
        assert len(stayed) == 2
        # They have moved.
        await place.cluster.delete("Deployment", "theirs", "chaos-killed", propagation="Background")
        await asyncio.sleep(60)
        assert await recovered(place, tmp_path) == []
        assert await place.cluster.get("Namespace", "chaos-killed") is None

    run(story)


@pytest.mark.parametrize("undone", [recovered, cleaned])
def test_a_copy_of_its_workload_and_the_copys_volumes_stay(tmp_path: Path, undone: Undone) -> None:
    """Names that end as the run's own, too, and a claim that somebody made by hand."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        await copied(place, "killed", "mine", "my-web")
        left.journal.close()
        assert await undone(place, tmp_path) == []
        assert await names(place, "mine", "StatefulSet") == {"StatefulSet my-web"}
        claims = await names(place, "mine", "PersistentVolumeClaim")
        assert claims == {f"PersistentVolumeClaim data-my-web-{n}" for n in range(3)}
        assert len(await names(place, "mine", "Pod")) == 3

    run(story)


def test_a_set_that_is_gone_is_not_undone_while_its_claims_are_left(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        left = Left(place, tmp_path, "killed")
        await left.workload("mine")
        entry = next(one for one in left.journal.open_entries() if one.kind == "StatefulSet")
        await place.cluster.delete("StatefulSet", entry.name, "mine", propagation="Background")
        await asyncio.sleep(60)
        undo = Undo(place.cluster, left.journal, RunClock(asyncio.get_running_loop()))
        assert await undo.look(entry) == ""
        assert entry.is_open
        await undo.undo(entry)
        assert not entry.is_open
        await asyncio.sleep(5)
        assert await names(place, "mine", "PersistentVolumeClaim") == set()
        left.journal.close()

    run(story)


def test_a_namespace_with_a_copy_in_it_is_no_longer_the_runs_alone(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        left = Left(place, tmp_path, "killed")
        await left.namespace("chaos-killed")
        await left.workload("chaos-killed")
        await copied(place, "killed", "chaos-killed", "copy")
        left.journal.close()
        (failure,) = await recovered(place, tmp_path)
        assert "StatefulSet copy" in failure.message
        assert await names(place, "chaos-killed", "StatefulSet") == {"StatefulSet copy"}
        assert await clean(place, tmp_path) == 5
        assert await names(place, "chaos-killed", "StatefulSet") == {"StatefulSet copy"}

    run(story)


def seen(kind: str, name: str, uid: str = "u", managers: tuple[str, ...] = (), **labels: str) -> dict[str, Any]:
    managed = [{"manager": one} for one in managers]
    meta = {"name": name, "namespace": "n", "uid": uid, "labels": labels or {RUN_LABEL: "r"}, "managedFields": managed}
    return {"kind": kind, "metadata": meta}


def test_what_an_entry_with_an_unknown_outcome_names_is_the_runs_and_pods_that_it_orphaned_are() -> None:
    mine = Belongings(
        "r",
        [
            UndoEntry(1, "create Service a", "delete", "Service", "a", "n"),
            UndoEntry(2, "create StatefulSet web", "delete", "StatefulSet", "web", "n", uid="gone", state="done"),
            UndoEntry(3, "delete Pod theirs-0", "nothing", "Pod", "theirs-0", "n", uid="theirs", state="done"),
        ],
    )
    assert mine.has(seen("Service", "a"))
    assert not mine.has(seen("Service", "b"))
    assert mine.has(seen("Pod", "web-0"))
    assert not mine.has(seen("Pod", "web-0", app="x"))
    assert not mine.has(seen("Pod", "theirs-0", "theirs"))
    assert mine.has(seen("PersistentVolumeClaim", "data-web-11"))
    assert not mine.has(seen("PersistentVolumeClaim", "data-web-x"))


def test_without_a_journal_what_kubectl_wrote_is_nobodys_of_this_tool() -> None:
    by_label = Belongings("r", None)
    assert by_label.has(seen("StatefulSet", "web", managers=("chaos-identity", "kube-controller-manager")))
    assert not by_label.has(seen("StatefulSet", "web", managers=("kubectl-create", "kube-controller-manager")))
    assert by_label.has(seen("StatefulSet", "web"))
    assert by_label.has(seen("Pod", "web-0", managers=("kube-controller-manager",)))
    assert not by_label.has(seen("Pod", "copy", managers=("kubectl-client-side-apply", "kubelet")))
    assert not by_label.has(seen("PersistentVolumeClaim", "data-web-7", managers=("helm",)))
    by_journal = Belongings("r", [UndoEntry(1, "create StatefulSet web", "delete", "StatefulSet", "web", "n")])
    assert by_journal.has(seen("Pod", "web-0", managers=("kube-controller-manager", "kubelet")))
    assert not by_journal.has(seen("Pod", "web-debug", managers=("kubectl-run",)))
