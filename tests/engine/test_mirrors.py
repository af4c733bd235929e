"""A run whose machine is gone: what it wrote into the cluster is enough, and believed as far as the cluster agrees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.console import SteadfastConsole
from chaos.cli.recover_cluster import ClusterRequest, recover_in
from chaos.cli.status import tell
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.line import VERSION, Line, write_line
from chaos.cluster.mirror import MIRROR_LABEL, MIRROR_NAME, Mirror, find_mirrors
from chaos.engine.lease import DURATION_S, Heartbeat, lease_of
from chaos.engine.leftovers import find
from chaos.engine.mirrors import keep_mirrors, recover_copy, settle, take_away
from chaos.engine.patience import Patience
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover, roll_back
from chaos.engine.standing import look
from chaos.engine.unfinished import refuse_on_top
from chaos.errors import ApiError, ChaosError, InconclusiveError, PreflightError, UsageError
from chaos.experiment import Options, find_experiment
from chaos.model.object import Object
from tests.cluster.test_foreign_journals import everything, make, uid_of
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import own_namespace
from tests.mortal import KilledError, Mortal
from tests.sandboxed import run_on
from tests.unchanged import differences, disturbed

OUTAGE, CORDON = {"spec": {"replicas": 0}}, {"spec": {"unschedulable": True}}


def of_dns(pod: Object) -> bool:
    """Whose pods may be others, since the run said that it takes them away."""
    return bool(pod["metadata"]["labels"].get("k8s-app") == "kube-dns")


@asynccontextmanager
async def another(place: Place) -> AsyncIterator[Place]:
    """Another connection to the same cluster."""
    api = place.sandbox.api
    cluster = await connect(ClusterAddress(url=api.url, connector=api.connector()))
    try:
        yield Place(place.sandbox, cluster)
    finally:
        await cluster.close()


async def refused(*_: Any, **__: Any) -> Object:
    raise ApiError("no", status=403)


def begun(place: Place, folder: Path, namespace: str) -> tuple[Journal, Changes, Mirror]:
    """A run on that connection, with a mirror."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": namespace, "by": "u on m", "token": "t"}
    journal = Journal.start(folder, about)
    clock = RunClock(asyncio.get_running_loop())
    mirror = Mirror(place.cluster, journal, namespace)
    return journal, Changes(place.cluster, journal, clock, "r1", mirror), mirror


async def whole_run(place: Place, folder: Path, *, makes: bool) -> None:
    """A run that disturbs DNS and a node, puts one of them back itself, and leaves the other to its rollback."""
    namespace = "ours" if makes else "mine"
    journal, changes, mirror = begun(place, folder, namespace)
    try:
        if makes:
            await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        meta = {"name": "made", "namespace": namespace}
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        await changes.patch("Node", "node-1", "", CORDON)
        await changes.put_back("Deployment", "coredns", "kube-system")
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "name": "late"}})
        await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop())))
        await mirror.settle()
    finally:
        journal.close()


async def from_elsewhere(place: Place, tmp_path: Path, run_id: str = "", *, agreed: bool = True) -> list[ChaosError]:
    """`chaos recover --context …` on a machine that has no reports and no key."""
    request = ClusterRequest(ClusterAddress(context="c"), tmp_path / "fresh", "", run_id, agreed)
    return await recover_in(place.cluster, request, SteadfastConsole(stderr=True))


@pytest.mark.parametrize("answered", [False, True], ids=["unsent", "unheard"])
@pytest.mark.parametrize("makes", [True, False], ids=["own namespace", "existing namespace"])
def test_killed_at_any_write_it_is_undone_from_another_machine(tmp_path: Path, makes: bool, answered: bool) -> None:
    async def story(place: Place) -> None:
        if not makes:
            await make(place, "Namespace", "mine")
        await asyncio.sleep(5)
        before = everything(place)
        at, finished = 0, False
        while not finished:
            at += 1
            async with another(place) as doomed:
                mortal = Mortal(doomed.cluster, at, answered=answered, error=KilledError)
                with suppress(KilledError):
                    await whole_run(doomed, tmp_path / str(at), makes=makes)
                finished = not mortal.is_dead
            await asyncio.sleep(10)
            mirrors = await find_mirrors(place.cluster)
            now = everything(place)
            changed = disturbed(before, now)
            assert not changed or mirrors.open, (at, changed)  # the cluster knows at every moment
            if mirrors.open:
                assert [left.exit_code for left in await from_elsewhere(place, tmp_path)] == [5]
                assert everything(place) == now  # nothing without consent
                assert await from_elsewhere(place, tmp_path, "r1") == [], at
            await clean_labelled(place)
            await asyncio.sleep(10)
            assert differences(before, everything(place), of_dns) == [], at
        assert at > 10

    run(story)


async def clean_labelled(place: Place) -> None:
    """What `chaos cleanup` finds by the run's label, where nothing outside was left."""
    for kind in ("ConfigMap", "Namespace"):
        for row in (await place.cluster.list(kind, "", RUN_LABEL))[0]:
            meta = row["metadata"]
            await place.cluster.delete(kind, meta["name"], meta.get("namespace", ""))
    await asyncio.sleep(10)


def test_a_killed_experiment_is_recovered_from_another_machine(tmp_path: Path) -> None:
    """CoreDNS at 0 replicas, the process gone, no folder: the cluster tells, and 2 are there again."""

    async def story(place: Place) -> None:
        connected = "chaos.engine.execution.connect"
        mortals: list[Mortal] = []

        async def doomed(address: ClusterAddress, namespace: str = "") -> Cluster:
            cluster = await connect(address, namespace)
            mortals.append(Mortal(cluster, -1, answered=True, error=lambda: ApiError("it is gone")))
            patch = cluster.patch

            async def last(kind: str, name: str, *args: Any, **more: Any) -> Object:
                done = await patch(kind, name, *args, **more)
                mortals[0].is_dead = kind == "Deployment"
                return done

            cluster.patch = last  # type: ignore[method-assign]
            return cluster

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(connected, doomed)
            experiment = find_experiment("dns-outage")
            options = Options(trials=1, period_s=0.5, allow_kube_system=True)
            ran = await run_on(place.sandbox, tmp_path, options, experiment, mirror=True)
        assert ran.result.leftovers
        coredns = await place.cluster.get("Deployment", "coredns", "kube-system")
        assert coredns is not None
        assert coredns["spec"]["replicas"] == 0
        await asyncio.sleep(2 * DURATION_S)  # until then it may be under way
        (left,) = await from_elsewhere(place, tmp_path)
        assert "did not undo: patch Deployment coredns in namespace kube-system" in left.message
        run_id = left.hint.removesuffix(" --namespace mine").rpartition(" ")[2]
        assert await from_elsewhere(place, tmp_path, run_id) == []
        coredns = await place.cluster.get("Deployment", "coredns", "kube-system")
        assert coredns is not None
        assert coredns["spec"]["replicas"] == 2
        assert (await find_mirrors(place.cluster)).copies == ()
        assert (await place.cluster.list("Namespace", "", RUN_LABEL))[0] == []

    run(story)


@pytest.mark.parametrize("answered", [False, True], ids=["unsent", "unheard"])
def test_a_recovery_that_is_killed_at_any_write_is_finished_by_another_one(tmp_path: Path, answered: bool) -> None:
    async def story(place: Place) -> None:
        await asyncio.sleep(5)
        before = everything(place)
        at, finished = 0, False
        while not finished:
            at += 1
            _, changes, _ = begun(place, tmp_path / str(at), "ours")
            await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
            await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
            await changes.patch("Node", "node-1", "", CORDON)
            async with another(place) as doomed:
                mortal = Mortal(doomed.cluster, at, answered=answered, error=KilledError)
                with suppress(KilledError):
                    await from_elsewhere(doomed, tmp_path, "r1")
                finished = not mortal.is_dead
            if (await find_mirrors(place.cluster)).open:
                assert await from_elsewhere(place, tmp_path, "r1") == [], at
            await clean_labelled(place)
            await asyncio.sleep(10)
            assert differences(before, everything(place), of_dns) == [], at
        assert at >= 4

    run(story)


def test_what_cannot_be_mirrored_is_not_done(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        before = everything(place)
        journal, changes, _ = begun(place, tmp_path, "missing")
        with pytest.raises(
            InconclusiveError, match="Deployment coredns in namespace kube-system was not changed"
        ) as told:
            await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        assert "--local-journal-only" in told.value.hint
        assert journal.open_entries() == []
        assert everything(place) == before

    run(story)


def test_a_change_that_was_refused_is_in_no_mirror(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        _, changes, _ = begun(place, tmp_path, "default")
        with pytest.raises(ApiError):
            await changes.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": -1}})
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_the_namespace_with_the_mirror_stays_until_all_else_is_undone(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "ours")
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 1}})
        failures = await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop())))
        assert ["somebody else" in f.message or "is kept until" in f.message for f in failures] == [True, True]
        assert await place.cluster.get("Namespace", "ours") is not None
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 2}})
        assert await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop()))) == []
        assert await place.cluster.get("Namespace", "ours") is None

    run(story)


def test_what_is_in_a_namespace_that_is_kept_goes_by_itself(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "ours")
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made", "namespace": "ours"}}
        await changes.create(made)
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 1}})
        assert len(await roll_back(journal, changes, Silence(), Patience(RunClock(asyncio.get_running_loop())))) == 2
        assert await place.cluster.get("ConfigMap", "made", "ours") is None

    run(story)


def test_what_the_run_made_after_its_mirror_was_written_is_nobody_elses(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "ours")
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "late", "namespace": "ours"}}
        await changes.create({**service, "spec": {"ports": [{"port": 80}]}})
        journal.close()
        assert await from_elsewhere(place, tmp_path, "r1") == []
        assert await place.cluster.get("Namespace", "ours") is None

    run(story)


def test_a_mirror_that_a_run_cannot_take_away_is_told_with_what_does(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        delete = Cluster.delete

        async def kept(self: Cluster, kind: str, *said: Any, **more: Any) -> Object:
            if kind == "ConfigMap":
                raise ApiError("not now", status=403)
            return await delete(self, kind, *said, **more)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Cluster, "delete", kept)
            options = Options(trials=1, period_s=0.5, allow_kube_system=True, namespace="mine")
            ran = await run_on(place.sandbox, tmp_path, options, find_experiment("dns-outage"), mirror=True)
        (left,) = ran.result.leftovers
        assert "not up to date: not now" in left.message
        run_id = left.hint.removesuffix(" --namespace mine").rpartition(" ")[2]
        assert await from_elsewhere(place, tmp_path, run_id) == []
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_what_cannot_be_removed_once_the_mirror_is_gone_is_told_with_what_finds_it_by_its_label(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        _, changes, _ = begun(place, tmp_path, "mine")
        await changes.patch("Node", "node-1", "", CORDON)
        meta = {"name": "late", "namespace": "mine"}
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        delete = Cluster.delete

        async def kept(self: Cluster, kind: str, name: str, *said: Any, **more: Any) -> Object:
            if name == "late":
                raise ApiError("no", status=403)
            return await delete(self, kind, name, *said, **more)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Cluster, "delete", kept)
            (left,) = await from_elsewhere(place, tmp_path, "r1")
        assert left.hint.startswith("later: chaos cleanup --context c --run r1   or: ")
        (other,) = [one for one in await find(place.cluster, [], frozenset({"r1"})) if one.run == "r1"]
        assert [one.name for one in other.objects] == ["late"]

    run(story)


def test_a_mirror_of_a_run_of_this_machine_that_lives_is_left_alone(tmp_path: Path) -> None:
    """No process holds a mirror as one holds its journal, so its Lease alone tells."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        _, changes, _ = begun(place, tmp_path, "mine")
        made = await changes.create(lease_of("r1", "mine"))
        heart = Heartbeat(place.cluster, RunClock(asyncio.get_running_loop()), made, lambda _: None)
        await changes.patch("Node", "node-1", "", CORDON)
        (copy,) = (await find_mirrors(place.cluster)).copies
        clock = RunClock(asyncio.get_running_loop())
        with pytest.raises(PreflightError, match=r"^ConfigMap .*: this run is still under way"):
            await recover(copy, place.cluster, clock, Silence())
        await heart.end()
        await asyncio.sleep(DURATION_S + 2)
        assert await recover(copy, place.cluster, clock, Silence()) == []

    run(story)


def test_where_not_all_may_be_listed_what_the_mirror_names_is_undone_and_the_rest_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with the printed Role, which reaches one namespace, and not each kind there."""

    async def story(place: Place) -> None:
        await make(place, "Namespace", "mine")
        _, changes, _ = begun(place, tmp_path, "mine")
        for name in ("made", "late"):
            await changes.create(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "mine"}}
            )
            await changes.patch("Node", "node-1", "", CORDON)
        listed = place.cluster.list

        async def in_mine(kind: str, namespace: str = "", *said: Any, **more: Any) -> tuple[list[Object], str]:
            if namespace != "mine" or kind in ("Job", "Deployment"):
                raise ApiError("no", status=403)
            return await listed(kind, namespace, *said, **more)

        place.cluster.list = in_mine  # type: ignore[method-assign]
        request = ClusterRequest(ClusterAddress(context="c"), tmp_path / "fresh", "mine", "r1", agreed=True)
        (left,) = await recover_in(place.cluster, replace(request, run=""), SteadfastConsole(stderr=True))
        assert left.hint.endswith("chaos recover --context c --from-cluster r1 --namespace mine")
        assert await recover_in(place.cluster, request, SteadfastConsole(stderr=True)) == []
        assert "not looked at" in (said := capsys.readouterr().err)
        assert "namespaces other than mine, Deployment there, Job there" in said
        node = await place.cluster.get("Node", "node-1")
        assert node is not None
        assert not node["spec"].get("unschedulable")
        standing = await look(place.cluster, request.address, tmp_path / "fresh", "mine")
        assert (standing.only_in, standing.unseen) == ("mine", ("Deployment", "Job"))
        assert {row["metadata"]["name"] for row in (await listed("ConfigMap", "mine"))[0]} <= {"kube-root-ca.crt"}

    run(story)


def test_a_mirror_that_nobody_can_read_is_in_the_way_until_somebody_has_looked(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        label = {MIRROR_LABEL: "r1", RUN_LABEL: "r1"}
        await make(place, "Namespace", "ours", labels={RUN_LABEL: "r1"})
        await make(place, "ConfigMap", MIRROR_NAME, "ours", labels=label, data={"journal.jsonl": "torn"})
        address = ClusterAddress(context="c")
        with pytest.raises(PreflightError, match="where nobody can read it") as told:
            await refuse_on_top(place.cluster, "", tmp_path, address, mirrored=True)
        assert told.value.hint.endswith(f"kubectl delete configmap {MIRROR_NAME} -n ours")
        assert not (await look(place.cluster, address, tmp_path, "")).is_clear
        mirrors, runs = await find_mirrors(place.cluster), await find(place.cluster, [], frozenset({"r1"}))
        (kept,) = keep_mirrors(runs, mirrors, address)
        assert "it says what nobody can read" in kept.message
        assert "Namespace" not in [one.kind for left in runs for one in left.objects]

    run(story)


def test_a_mirror_that_nobody_can_read_is_never_passed_over_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody emptied it, so nobody knows whether all is well, whichever command is asked."""

    async def story(place: Place) -> None:
        await plant(place, "")
        cleaning = CleanupRequest(ClusterAddress(context="c"), tmp_path, frozenset(), agreed=True)
        assert await clean_cluster(place.cluster, cleaning, SteadfastConsole(stderr=True)) == 5
        assert "nothing is left" not in capsys.readouterr().err
        standing = await look(place.cluster, ClusterAddress(context="c"), tmp_path, "")
        assert tell(place.cluster, ClusterAddress(context="c"), standing, as_json=False) == 5
        told = capsys.readouterr().out
        assert "nothing is left" not in told
        assert "of nobody" not in told
        assert f"kubectl delete configmap {MIRROR_NAME} -n default" in told
        about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "default", "token": "t"}
        (left,) = await take_away(place.cluster, Journal.start(tmp_path, about))
        assert "where nobody can read it" in left.message

    run(story)


def test_a_mirror_that_stays_since_somebody_changed_what_it_says_is_told(tmp_path: Path) -> None:
    """It refuses later runs; an unsigned journal alone does not show that all is as before."""

    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "default")
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        journal.close()
        read = Journal.load(journal.path)
        assert await recover(read, place.cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 3}})
        (left,) = await take_away(place.cluster, read)
        assert "stays: it says that Deployment coredns in namespace kube-system is to be undone" in left.message
        assert left.hint.endswith(f"kubectl delete configmap {MIRROR_NAME} -n default")

    run(story)


def test_a_mirror_that_cannot_be_recovered_keeps_no_other_of_its_name_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "kube-public")
        await changes.patch("Node", "node-1", "", CORDON)
        journal.close()
        lease = {"kind": "Lease", "name": "chaos-identity", "namespace": "forbidden"}
        await plant(place, forged(place.cluster.fingerprint, lease))  # in default, which is read first
        monkeypatch.setattr("chaos.engine.rollback.holder_of", refused)
        (left,) = await from_elsewhere(place, tmp_path, "r1")
        assert left.message == "no"
        node = await place.cluster.get("Node", "node-1")
        assert node is not None
        assert not node["spec"].get("unschedulable")

    run(story)


def test_a_signed_journal_settles_what_others_have_changed_since(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "default", "token": "t"}
        journal = Journal.start(tmp_path, about, b"k" * 32)
        changes = Changes(place.cluster, journal, RunClock(asyncio.get_running_loop()), "r1")
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        await Mirror(place.cluster, journal, "default").write()
        await changes.put_back("Deployment", "coredns", "kube-system")
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 3}})
        journal.close()
        await settle(place.cluster, Journal.load(journal.path))
        assert len((await find_mirrors(place.cluster)).open) == 1
        await settle(place.cluster, Journal.load(journal.path, b"k" * 32))
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_recovering_from_the_own_journal_takes_the_mirror_away(tmp_path: Path) -> None:
    """From the same machine: first by the file; then nobody is told of what is no more."""

    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "default")
        await changes.patch("Node", "node-1", "", CORDON)
        journal.close()
        read = Journal.load(journal.path)
        await settle(place.cluster, read)
        assert len((await find_mirrors(place.cluster)).open) == 1  # it is not as before yet
        assert await recover(read, place.cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Cluster, "delete", refused)
            await settle(place.cluster, read)
            (left,) = await take_away(place.cluster, read)
            (same,) = await from_elsewhere(place, tmp_path, "r1")
            assert str(same) == str(left)
        assert "could not be removed: no" in left.message
        assert left.hint.endswith(f"kubectl delete configmap {MIRROR_NAME} -n default")
        assert await take_away(place.cluster, read) == []
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_a_recovery_that_is_killed_at_its_last_line_leaves_no_mirror(tmp_path: Path) -> None:
    """Its journal says that all is undone, so nobody would go on with it; and the mirror would refuse later runs."""

    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "default")
        meta = {"name": "made", "namespace": "default"}
        await changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        await changes.patch("Node", "node-1", "", CORDON)
        journal.close()
        read = Journal.load(journal.path)
        update = read.update

        def last(entry: UndoEntry, state: str, uid: str = "") -> None:
            update(entry, state, uid)
            if not read.open_entries():
                raise SystemExit

        read.update = last  # type: ignore[method-assign]
        clock, told = RunClock(asyncio.get_running_loop()), partial(settle, place.cluster, read)
        with pytest.raises(SystemExit):
            await recover(read, place.cluster, clock, Silence(), tell=told)
        assert Journal.load(journal.path).open_entries() == []
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_the_operators_commands_are_in_no_mirror(tmp_path: Path) -> None:
    """They may hold a password; that there was one is told, and what was made in the run's namespace stays with it."""

    async def story(place: Place) -> None:
        journal, _, kept = begun(place, tmp_path, "default")
        journal.intend(change="run `cut s3cret`", undo="command", kind="Node", name="node-1", command="join s3cret")
        await kept.settle()
        (mirror,) = (await place.cluster.list("ConfigMap", "default", MIRROR_LABEL))[0]
        assert "s3cret" not in str(mirror)
        (left,) = await from_elsewhere(place, tmp_path, "r1")
        assert "stands only in the journal on the run's own machine" in left.message
        assert len((await find_mirrors(place.cluster)).open) == 1
        journal.close()

    run(story)


# ---- mirrors of somebody else ----


PODS = {"app": "autoscaler"}
DEPLOYMENT = {
    "replicas": 1,
    "selector": {"matchLabels": PODS},
    "template": {"metadata": {"labels": PODS}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
}
# kind, name, what it has, what a run is said to have set, and what would be put back
IN_THE_SYSTEM: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "who may do what": ("ConfigMap", "x", {"data": {"a": "b"}}, {"data": {"a": "b"}}, {"data": {"a": "c"}}),
    "a Corefile of another": (
        *("ConfigMap", "x", {"data": {"Corefile": "b"}}),
        *({"data": {"Corefile": "b"}}, {"data": {"Corefile": "c"}}),
    ),
    "a workload of the system": (
        *("Deployment", "autoscaler", {"spec": DEPLOYMENT}),
        *({"spec": {"replicas": 1}}, {"spec": {"replicas": 0}}),
    ),
}


def forged(fingerprint: str, *entries: dict[str, Any], run_id: str = "r1") -> str:
    about = {"id": run_id, "fingerprint": fingerprint}
    rows: list[dict[str, Any]] = [{"run": about}]
    common = {"change": "create it", "undo": "delete", "kind": "ConfigMap", "name": "x", "state": "done"}
    rows += [{"entry": {"id": number, **common, **entry}} for number, entry in enumerate(entries, 1)]
    lines = [Line(row, VERSION, n, about if "entry" in row else None) for n, row in enumerate(rows, 1)]
    return b"".join(write_line(line, b"k" * 32) for line in lines).decode()


async def plant(
    place: Place, text: Any, label: str = "r1", *, name: str = MIRROR_NAME, namespace: str = "default"
) -> None:
    data = {} if text is None else {"journal.jsonl": text}
    await make(place, "ConfigMap", name, namespace, labels={MIRROR_LABEL: label}, data=data)


def test_a_forged_mirror_changes_nothing_that_the_cluster_does_not_confirm(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await make(place, "Namespace", "production")
        precious = await make(place, "ConfigMap", "precious", "production", data={"a": "b"})
        coredns = await uid_of(place, "Deployment", "coredns", "kube-system")
        where: dict[str, Any] = {"kind": "Deployment", "name": "coredns", "namespace": "kube-system", "uid": coredns}
        ran = tmp_path / "ran"
        entries = [
            {"name": "precious", "namespace": "production", "uid": precious},
            {"kind": "Namespace", "name": "production", "uid": await uid_of(place, "Namespace", "production")},
            {"undo": "restore", **where, "applied": {"spec": {"replicas": 7}}, "restore": {"spec": {"replicas": 0}}},
            {"undo": "command", "kind": "Node", "name": "node-1", "command": f"touch {ran}"},
        ]
        await plant(place, forged(place.cluster.fingerprint, *entries))
        await asyncio.sleep(5)
        before = everything(place)
        assert len(await from_elsewhere(place, tmp_path, "r1")) == len(entries)
        assert everything(place) == before
        assert not ran.exists()

    run(story)


@pytest.mark.parametrize(
    ("text", "label", "name"),
    [
        *((text, "r1", MIRROR_NAME) for text in (None, "", "hello", "\x00\n", '{"run":{"id":"r1"}}', "[" * 100_000)),
        (forged("another"), "r1", MIRROR_NAME), (forged("f"), "r2", MIRROR_NAME), (forged("f"), "r1", "planted"),
        (forged("f", run_id="fix-1"), "fix-1", MIRROR_NAME),
    ],
)  # fmt: skip
def test_what_is_no_mirror_is_told_and_may_be_a_damaged_one_where_it_has_its_name(
    tmp_path: Path, text: str | None, label: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        await plant(place, text and text.replace('"f"', f'"{place.cluster.fingerprint}"'), label, name=name)
        may_be_one = name == MIRROR_NAME and text != forged("another")
        assert [left.exit_code for left in await from_elsewhere(place, tmp_path)] == [5] * may_be_one

    run(story)
    assert f"left alone: ConfigMap {name} in namespace default" in capsys.readouterr().err.replace("\n", " ")


def test_a_run_that_no_mirror_is_of_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await plant(place, forged(place.cluster.fingerprint, run_id="r1"))
        with pytest.raises(UsageError, match="has no journal of a run r2; of those that it has: r1"):
            await from_elsewhere(place, tmp_path, "r2")

    run(story)


def test_without_consent_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "default")
        await changes.patch("Node", "node-1", "", CORDON)
        journal.close()
        await asyncio.sleep(5)
        before = everything(place)
        assert [left.exit_code for left in await from_elsewhere(place, tmp_path, "r1", agreed=False)] == [5]
        assert everything(place) == before

    run(story)


def test_a_forged_mirror_of_the_same_name_hides_no_real_one(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        journal, changes, _ = begun(place, tmp_path, "kube-public")
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        journal.close()
        await plant(place, forged(place.cluster.fingerprint, {"name": "nothing", "namespace": "default"}))
        await plant(
            place, forged(place.cluster.fingerprint, {"undo": "command", "kind": "Node", "name": "n"}), name="x"
        )
        assert await from_elsewhere(place, tmp_path, "r1") == []
        coredns = await place.cluster.get("Deployment", "coredns", "kube-system")
        assert coredns is not None
        assert coredns["spec"]["replicas"] == 2
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


@pytest.mark.parametrize(
    "said", ["a command", "of another run", "elsewhere", *IN_THE_SYSTEM, "what limits others", "traffic"]
)
def test_a_mirror_speaks_of_what_its_run_could_have_changed_and_of_nothing_else(tmp_path: Path, said: str) -> None:
    """Whoever may write ConfigMaps in one namespace knows values and UIDs of others; who recovers may change those."""

    async def planted(place: Place) -> dict[str, Any]:
        if said == "a command":
            return {"undo": "command", "kind": "Node", "name": "node-1", "command": f"touch {tmp_path / 'ran'}"}
        known: dict[str, Any] = {"applied": {"data": {"a": "b"}}, "restore": {"data": {"a": "c"}}}
        if said == "of another run":
            await make(place, "ConfigMap", "x", "production", labels={RUN_LABEL: "r2"})
            return {"namespace": "production", "run": "r2"}
        if said == "elsewhere":
            uid = await make(place, "ConfigMap", "x", "production", data={"a": "b"})
            return {"undo": "restore", "namespace": "production", "uid": uid, **known}
        if said in IN_THE_SYSTEM:
            kind, name, content, applied, restore = IN_THE_SYSTEM[said]
            uid = await make(place, kind, name, "kube-system", **content)
            about = {"kind": kind, "name": name, "namespace": "kube-system", "uid": uid}
            return {"undo": "restore", **about, "applied": applied, "restore": restore}
        if said == "what limits others":
            about = {"kind": "Namespace", "name": "production", "uid": await uid_of(place, "Namespace", "production")}
            was, then = ({"metadata": {"labels": {"kubernetes.io/metadata.name": n}}} for n in ("production", "x"))
            return {"undo": "restore", **about, "applied": was, "restore": then}
        uid = await make(place, "Service", "x", "default", spec={"type": "ExternalName", "externalName": "a.b"})
        applied, restore = ({"spec": {"externalName": one}} for one in ("a.b", "c.d"))
        return {
            "undo": "restore",
            "kind": "Service",
            "namespace": "default",
            "uid": uid,
            "applied": applied,
            "restore": restore,
        }

    async def story(place: Place) -> None:
        await make(place, "Namespace", "production")
        await plant(place, forged(place.cluster.fingerprint, await planted(place)))
        await asyncio.sleep(5)
        before = everything(place)
        (left,) = await from_elsewhere(place, tmp_path, "r1")
        assert left.exit_code == 5
        assert "touch" not in str(left)  # nobody is to run it by hand either
        assert everything(place) == before

    run(story)


def test_a_copied_label_makes_nothing_the_runs_on_the_word_of_a_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a copy that kubectl made, nor its pods under the name of a workload that is not there."""

    async def story(place: Place) -> None:
        await make(place, "Namespace", "mine")
        labels = {"app": "copy", RUN_LABEL: "r1"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        spec = {"serviceName": "s", "replicas": 1, "selector": {"matchLabels": {"app": "copy"}}, "template": template}
        about = {"kind": "StatefulSet", "namespace": "mine"}
        uid = await make(place, **about, name="copy", labels=labels, spec=spec)
        await asyncio.sleep(5)

        async def uids() -> set[str]:
            found = [
                *(await place.cluster.list("Pod", "mine"))[0],
                *(await place.cluster.list("StatefulSet", "mine"))[0],
            ]
            return {obj["metadata"]["uid"] for obj in found}

        before = await uids()
        assert len(before) == 2
        get = Cluster.get

        async def with_manager(self: Cluster, kind: str, *of: str) -> Object | None:
            found = await get(self, kind, *of)
            if found is not None and kind == "StatefulSet":
                found["metadata"]["managedFields"] = [{"manager": "kubectl-client-side-apply"}]
            return found

        monkeypatch.setattr(Cluster, "get", with_manager)
        entries = [{**about, "name": "copy"}, {**about, "name": "another", "uid": uid}]
        await plant(place, forged(place.cluster.fingerprint, *entries))
        (copy,) = (await find_mirrors(place.cluster)).copies
        (left,) = await recover_copy(copy, place.cluster, RunClock(asyncio.get_running_loop()), Silence())
        assert "it carries the label of the run, and another client wrote it" in left.message
        await asyncio.sleep(5)
        assert await uids() == before

    run(story)


def test_a_mirror_may_speak_of_what_carries_its_runs_label_elsewhere(tmp_path: Path) -> None:
    """As of pods in a second namespace that the run made."""

    async def story(place: Place) -> None:
        await make(place, "Namespace", "second")
        await make(place, "ConfigMap", "x", "second", data={"a": "b"}, labels={RUN_LABEL: "r1"})
        _, changes, _ = begun(place, tmp_path, "default")
        await changes.patch("ConfigMap", "x", "second", {"data": {"a": "c"}})
        await from_elsewhere(place, tmp_path, "r1")
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)
