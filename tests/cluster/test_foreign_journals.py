"""A journal is a file that anybody may have written: the cluster must agree before anything is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import API_VERSIONS
from chaos.cluster.journal import FIX_PREFIX, RUN_LABEL, Journal
from chaos.cluster.restoring import why_not_put_back
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover, roll_back
from chaos.errors import RollbackError, UsageError
from chaos.model.object import Object
from tests.cluster.journals import RUN, entry, write
from tests.diagnose.clusters import Place, run
from tests.unchanged import Everything, differences, named_by
from tests.unchanged import everything as all_of


def everything(place: Place) -> Everything:
    """What anybody would miss or be surprised by, in the whole cluster."""
    return all_of(place.sandbox.store)


async def make(place: Place, kind: str, name: str, namespace: str = "", **more: Any) -> str:
    """Make an object of somebody's; returns its UID."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": more.pop("labels", {})}
    made = await place.cluster.create({"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": meta, **more})
    return str(made["metadata"]["uid"])


async def replay(place: Place, folder: Path, *lines: Any, run_id: str = "r1") -> list[RollbackError]:
    about = {"id": run_id, "context": "c", "fingerprint": place.cluster.fingerprint}
    journal = Journal.load(write(folder, *lines, run=about))
    return await recover(journal, place.cluster, RunClock(asyncio.get_running_loop()), Silence())


def unchanged(story: Callable[[Place], Awaitable[list[RollbackError]]], *messages: str) -> None:
    """A story that leaves the cluster as it was, and tells of each thing that it left."""

    async def told(place: Place) -> None:
        await make(place, "Namespace", "production")
        await make(place, "ConfigMap", "precious", "production", data={"a": "b"})
        await asyncio.sleep(5)
        before = everything(place)
        failures = await story(place)
        await asyncio.sleep(5)
        assert everything(place) == before
        assert len(failures) == len(messages)
        for failure, message in zip(failures, messages, strict=True):
            assert message in failure.message
            assert failure.exit_code == 5

    run(told)


async def uid_of(place: Place, kind: str, name: str, namespace: str = "") -> str:
    found = await place.cluster.get(kind, name, namespace)
    assert found is not None
    return str(found["metadata"]["uid"])


def test_what_does_not_carry_the_runs_label_is_not_deleted_whatever_uid_the_file_gives(tmp_path: Path) -> None:
    async def story(place: Place) -> list[RollbackError]:
        production = await uid_of(place, "Namespace", "production")
        precious = await uid_of(place, "ConfigMap", "precious", "production")
        system = await uid_of(place, "Namespace", "kube-system")
        return await replay(
            place,
            tmp_path,
            entry(kind="Namespace", name="production", uid=production),
            entry(id=2, kind="Namespace", name="kube-system", uid=system),
            entry(id=3, name="precious", namespace="production", uid=precious),
            entry(id=4, name="precious", namespace="production"),
            entry(id=5, name="precious", namespace="production", uid=precious, run="r2"),
        )

    label = f"it does not carry the label of the run, {RUN_LABEL}=r1"
    unchanged(story, label, label, f"{RUN_LABEL}=r2", label)


def test_a_file_cannot_make_an_object_the_runs_own_first_and_delete_it_then(tmp_path: Path) -> None:
    async def story(place: Place) -> list[RollbackError]:
        production = await uid_of(place, "Namespace", "production")
        known = {"kubernetes.io/metadata.name": "production"}
        return await replay(
            place,
            tmp_path,
            entry(kind="Namespace", name="production", uid=production),
            entry(
                id=2,
                undo="restore",
                kind="Namespace",
                name="production",
                uid=production,
                applied={"metadata": {"labels": {**known, RUN_LABEL: None}}},
                restore={"metadata": {"labels": {RUN_LABEL: "r1"}}},
            ),
        )

    unchanged(story, "whose this tool takes an object for", "it does not carry the label of the run")


@pytest.mark.parametrize(
    ("applied", "restore"),
    [
        ({"nodeName": "n1", "activeDeadlineSeconds": None}, {"activeDeadlineSeconds": 1}),
        ({"nodeName": "n1", "hostname": None}, {"hostname": "x"}),
        (
            {"replicas": 3, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}},
            {"replicas": 0, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}},
        ),
        ({"taints": "x"}, {"taints": "y"}),
    ],
)
def test_what_ends_pods_removes_volumes_or_was_only_absent_is_not_put_back(
    applied: dict[str, Any], restore: dict[str, Any]
) -> None:
    assert why_not_put_back({"spec": applied}, {"spec": restore})


def test_what_the_run_had_set_may_be_removed_again() -> None:
    assert not why_not_put_back({"spec": {"unschedulable": True}}, {"spec": {"unschedulable": None}})


ODD_NAMES = [
    entry(kind="Namespace", name="../../apis/apps/v1/namespaces/production/deployments/x"),
    entry(kind="Namespace", name="production/finalize"),
    entry(kind="Namespace", name=""),
    entry(kind="Namespace", name="production", namespace="production"),
    entry(name="precious", namespace="production/configmaps/precious?x="),
    entry(name="precious", namespace=""),
    entry(name="precious\n", namespace="production"),
    entry(name="\ud800", namespace="production"),
    entry(kind="Secret", name="x", namespace="production"),
    entry(kind="\x1b[2J", name="x", namespace="production"),
    entry(kind="Node", name="node-1"),
    entry(name="precious", namespace="production", run="r1,a!=b"),
    entry(name="precious", namespace="production", run=f"{FIX_PREFIX}1"),
    entry(undo="command", kind="Node", name="node-1"),
]


def test_what_this_tool_never_changes_is_asked_for_nowhere_and_the_others_are_undone(tmp_path: Path) -> None:
    """Each in a journal of its own with something that is to be undone."""

    async def story(place: Place) -> None:
        await make(place, "Namespace", "production")
        await make(place, "ConfigMap", "precious", "production", labels={RUN_LABEL: f"{FIX_PREFIX}1"})
        await asyncio.sleep(5)
        for number, odd in enumerate(ODD_NAMES):
            await make(place, "ConfigMap", "ours", "default", labels={RUN_LABEL: "r1"})
            before = everything(place)
            requests = place.cluster.requests
            failures = await replay(
                place, tmp_path / str(number), odd, entry(id=2, name="ours", namespace="default", uid="")
            )
            asked = place.cluster.requests - requests
            assert [f.exit_code for f in failures] == [5], odd
            before.pop(("ConfigMap", "default", "ours"))
            assert everything(place) == before, odd
            assert asked == 3, odd  # all of them about what is ours: looked up, deleted, looked up again

    run(story)


WRONG = [
    b"null", b"[]", b"5", b'"x"', b"{}", b'{"entry": null}', b'{"entry": []}', b'{"nothing": 1}',
    b'{"entry": 1, "run": 2}',
    entry(id="1"), entry(id=True), entry(id=1.5), entry(uid=5), entry(name=None), entry(name=["x"]),
    entry(namespace={}),
    entry(undo="obliterate"), entry(state="maybe"), {"entry": {"id": 1, "undo": "delete"}},
    entry(undo="restore", applied=[], restore={}), entry(undo="restore", applied={"a": 1}, restore="x"),
    {"run": {"id": "r2", "fingerprint": "f"}},
    b'{"entry": ' + b"[" * 5000 + b"]" * 5000 + b"}", b"\xff\xfe", b'{"entry":{"id":1,"change":"\xff"}}', b"\x00" * 50,
    b'{"entry":{"id":1,"undo":"delete}}',
]  # fmt: skip


@pytest.mark.parametrize("line", WRONG, ids=lambda line: str(line)[:40])
def test_a_line_that_is_none_is_told_by_its_number_and_spoils_nothing_else(tmp_path: Path, line: Any) -> None:
    right = entry(id=7, name="ours", namespace="default")
    read = Journal.load(write(tmp_path, line, right))
    assert [unfit.number for unfit in read.unfit] == [2]
    assert [e.name for e in read.open_entries()] == ["ours"]


@pytest.mark.parametrize(
    "about",
    [
        {"id": 5}, {"id": ""}, {"id": "a b"}, {"id": "x,y!=z"}, {"id": "a" * 64}, {"id": None}, {"fingerprint": ""},
        {"fingerprint": "namespace ../x u"}, {"fingerprint": "namespace"}, {"fingerprint": ["f"]},
        {"context": 1}, {"kubeconfig": {}}, {"in_cluster": "yes"}, {"simulated": "no"},
    ],
)  # fmt: skip
def test_a_journal_whose_run_is_none_is_refused(tmp_path: Path, about: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="line 1 is not what this tool wrote"):
        Journal.load(write(tmp_path, run={**RUN, **about}))


def test_lines_that_are_none_are_told_when_the_others_are_undone(tmp_path: Path) -> None:
    async def story(place: Place) -> list[RollbackError]:
        return await replay(place, tmp_path, b"\xff", entry(uid=5, name="precious", namespace="production"))

    unchanged(story, "line 2 of", "line 3 of")


REPLICAS = {"spec": {"replicas": 2}}


RESTORES: list[tuple[Any, Any, str]] = [
    (None, {"spec": {"replicas": 0}}, "which values the run had set"),
    ({}, {"spec": {"replicas": 0}}, "which values the run had set"),
    ({"spec": {}}, {"spec": {"replicas": 0}}, "which values the run had set"),
    ({"spec": {"paused": None}}, {"spec": {"paused": True}}, "which values the run had set"),
    (REPLICAS, None, "or found"),
    (REPLICAS, {"spec": {"replicas": 0, "paused": True}}, "more than the run had"),
    (REPLICAS, {"spec": {"replicas": 0}, "metadata": {"labels": {"a": "b"}}}, "more than the run had"),
    (REPLICAS, {"spec": None}, "what an object is"),
    (
        {"spec": {"replicas": 2, "selector": {}}},
        {"spec": {"selector": {"matchLabels": {}}}},
        "more than the run had",
    ),
    ({"spec": {"strategy": {"type": "RollingUpdate"}}}, {"spec": {"strategy": None}}, "more than the run had"),
    (
        {**REPLICAS, "metadata": {"ownerReferences": None}},
        {"metadata": {"ownerReferences": [{"uid": "gone"}]}},
        "what an object is",
    ),
    ({"metadata": {"name": "coredns"}, "spec": {"paused": None}}, {"spec": {"paused": True}}, "what an object is"),
    ({"status": {"replicas": 2}}, {"status": {"replicas": 0}}, "what an object is"),
    (
        {"spec": {"replicas": 2, "template": {"spec": {"priority": None}}}},
        {"spec": {"template": {"spec": {"priority": 1}}}},
        "what runs",
    ),
    ({"spec": {"replicas": 7}}, {"spec": {"replicas": 0}}, "changed by somebody else"),
    ({"spec": {"replicas": {"x": 1}}}, {"spec": {"replicas": {"x": 0}}}, "changed by somebody else"),
    ({"spec": {"a": {"b": {"c": {}}}}}, {"spec": {"a": {"b": {"c": {}}}}}, "which values the run had set"),
]


def test_a_restore_changes_nothing_but_what_the_run_had_set_and_what_is_so_still(tmp_path: Path) -> None:
    async def story(place: Place) -> list[RollbackError]:
        uid = await uid_of(place, "Deployment", "coredns", "kube-system")
        where: dict[str, Any] = {"kind": "Deployment", "name": "coredns", "namespace": "kube-system", "uid": uid}
        lines = [
            entry(id=len(RESTORES) - number, undo="restore", **where, applied=applied, restore=restore)
            for number, (applied, restore, _) in enumerate(RESTORES)
        ]
        return await replay(place, tmp_path, *lines)

    unchanged(story, *(message for _, _, message in RESTORES))


CHANGES: list[tuple[str, str, str, Object]] = [
    ("Node", "node-1", "", {"spec": {"unschedulable": True}}),
    ("Node", "node-2", "", {"metadata": {"annotations": {"sandbox/x": "down"}}}),
    ("Deployment", "coredns", "kube-system", {"spec": {"replicas": 1}}),
    ("ConfigMap", "coredns", "kube-system", {"data": {"Corefile": ".:53 {\n}\n"}}),
    ("Service", "mine", "default", {"spec": {"selector": {"k8s-app": None, "app": "x"}}}),
]


def test_what_a_killed_run_had_changed_is_put_back_from_the_file(tmp_path: Path) -> None:
    """Each kind of undoable patch that the faults, the control of DNS and --fix make."""

    async def story(place: Place) -> None:
        await make(place, "Service", "mine", "default", spec={"selector": {"k8s-app": "y"}, "ports": [{"port": 80}]})
        await asyncio.sleep(5)
        before = everything(place)
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        changes = Changes(place.cluster, journal, clock, "r1")
        for kind, name, namespace, patch in CHANGES:
            await changes.patch(kind, name, namespace, patch)
        journal.close()
        changed = everything(place)
        assert all(changed[key] != before[key] for key in [(kind, where, name) for kind, name, where, _ in CHANGES])
        read = Journal.load(journal.path)
        assert await recover(read, place.cluster, clock, Silence()) == []
        await asyncio.sleep(60)  # a controller takes a cordoned node's taint off, and pods come back
        assert differences(before, everything(place), named_by(read.entries.values())) == []

    run(story)


def test_a_namespace_that_is_not_the_runs_keeps_nothing_in_it_from_being_undone(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        uid = await make(place, "Namespace", "mine")
        await make(place, "ConfigMap", "ours", "mine", labels={RUN_LABEL: "r1"})
        failures = await replay(
            place, tmp_path, entry(kind="Namespace", name="mine", uid=uid), entry(id=2, name="ours", namespace="mine")
        )
        assert ["Namespace mine was left alone" in f.message for f in failures] == [True]
        assert await place.cluster.get("ConfigMap", "ours", "mine") is None
        assert [e.name for e in Journal.load(tmp_path / "journal.jsonl").open_entries()] == ["mine"]

    run(story)


def test_a_run_believes_its_own_journal(tmp_path: Path) -> None:
    """Somebody may take labels off what it made while it is under way."""

    async def story(place: Place) -> None:
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        changes = Changes(place.cluster, journal, RunClock(asyncio.get_running_loop()), "r1")
        meta = {"name": "ours", "namespace": "default"}
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        await place.cluster.patch("ConfigMap", "ours", "default", {"metadata": {"labels": {RUN_LABEL: None}}})
        assert await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop()))) == []
        assert await place.cluster.get("ConfigMap", "ours", "default") is None

    run(story)


def test_what_a_cleanup_that_was_killed_had_begun_carries_the_label_of_another_run(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        uid = await make(place, "ConfigMap", "left", "default", labels={RUN_LABEL: "r1"})
        line = entry(name="left", namespace="default", uid=uid, run="r1")
        assert await replay(place, tmp_path, line, run_id="cleanup-1") == []
        assert await place.cluster.get("ConfigMap", "left", "default") is None

    run(story)


def test_what_the_users_key_signed_is_believed_as_by_the_run_itself(tmp_path: Path) -> None:
    """The label was taken off meanwhile: the UID in a signed line is enough, in an unsigned one it is not."""

    async def story(place: Place) -> None:
        for key, failures in ((b"k" * 32, 0), (b"", 1)):
            about = {"id": "r1", "fingerprint": place.cluster.fingerprint}
            folder = tmp_path / f"signed-{bool(key)}"
            folder.mkdir()
            journal = Journal.start(folder, about, key)
            clock = RunClock(asyncio.get_running_loop())
            changes = Changes(place.cluster, journal, clock, "r1")
            meta = {"name": "ours", "namespace": "default"}
            await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
            await place.cluster.patch("ConfigMap", "ours", "default", {"metadata": {"labels": {RUN_LABEL: None}}})
            journal.close()
            read = Journal.load(journal.path, key)
            assert len(await recover(read, place.cluster, clock, Silence())) == failures

    run(story)


def test_a_shell_command_needs_consent_whoever_signed_it(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint}, b"k" * 32)
        ran = tmp_path / "ran"
        journal.intend(change="run `x`", undo="command", kind="Node", name="n", command=f"touch {ran}")
        journal.close()
        clock = RunClock(asyncio.get_running_loop())
        read = Journal.load(journal.path, b"k" * 32)
        assert read.is_signed
        (failure,) = await recover(read, place.cluster, clock, Silence())
        assert "--run-commands" in failure.hint
        assert not ran.exists()

    run(story)
