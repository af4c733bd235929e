"""What a run left is told by every command that looks, and nothing begins on top of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.console import SteadfastConsole
from chaos.cli.status import tell
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.mirror import Mirror, find_mirrors
from chaos.cluster.retrying import Tried
from chaos.engine.doctor import Doctor, Status
from chaos.engine.standing import look
from chaos.errors import ApiError, PreflightError
from chaos.experiment import Options, find_experiment
from chaos.model.object import Object
from tests.diagnose.clusters import Place, run
from tests.sandboxed import run_on

ADDRESS = ClusterAddress(context="c")
OUTAGE = {"spec": {"replicas": 0}}


async def killed(place: Place, folder: Path, *, mirrored: bool = True, outside: bool = True) -> Journal:
    """A run that made a namespace, took CoreDNS away, and was killed."""
    folder.mkdir(parents=True)  # noqa: ASYNC240 - one small folder
    about = {"id": "r1", "fingerprint": place.cluster.fingerprint, "namespace": "ours", "by": "u on m", "since": "then"}
    journal = Journal.start(folder, about)
    clock = RunClock(asyncio.get_running_loop())
    mirror = Mirror(place.cluster, journal, "ours") if mirrored else None
    changes = Changes(place.cluster, journal, clock, "r1", mirror)
    await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
    lease = {"name": "chaos-identity", "namespace": "ours"}
    spec = {"holderIdentity": "chaos-identity on m"}
    await changes.create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": lease, "spec": spec})
    if outside:
        await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
    journal.close()
    return journal


async def stand(place: Place, reports: Path, *, as_json: bool = False) -> int:
    return tell(place.cluster, ADDRESS, await look(place.cluster, ADDRESS, reports, ""), as_json=as_json)


async def clean(place: Place, reports: Path, *over: str) -> int:
    request = CleanupRequest(ADDRESS, reports, frozenset(over), agreed=True)
    return await clean_cluster(place.cluster, request, SteadfastConsole(stderr=True))


@pytest.fixture(autouse=True)
def nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


def test_cleanup_on_another_machine_does_not_say_that_all_is_well_and_keeps_what_says_how_to_undo_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "there" / "r1")
        assert await clean(place, tmp_path / "here", "r1") == 5
        assert len((await find_mirrors(place.cluster)).open) == 1

    run(story)
    said = capsys.readouterr().err.replace("\n", " ")
    assert "not undone: run r1 (by u on m, since then): patch Deployment coredns in namespace kube-system" in said
    assert "chaos recover --context c --from-cluster r1" in said
    assert "Namespace ours of run r1 stays" in said
    assert "nothing is left" not in said


def test_cleanup_does_not_say_that_all_is_well_where_a_journal_cannot_be_read(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        (tmp_path / JOURNAL).write_bytes(b"\x00\n\xff\n")
        assert await clean(place, tmp_path) == 5
        (tmp_path / JOURNAL).write_bytes(b"")
        assert await clean(place, tmp_path) == 0

    run(story)


def test_status_says_what_is_left_where_since_when_and_by_whom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(place: Place) -> None:
        assert await stand(place, tmp_path / "here") == 0
        await killed(place, tmp_path / "there" / "r1")
        assert await stand(place, tmp_path / "here") == 5
        assert await stand(place, tmp_path / "here", as_json=True) == 5

    run(story)
    text, _, document = capsys.readouterr().out.partition("{")
    assert "no run is under way, and nothing is left of any" in text
    assert "run r1, may be under way, by chaos-identity on m, in namespace ours since 2026-01-01T00:00:0" in text
    assert "not undone: run r1 (by u on m, since then): patch Deployment coredns in namespace kube-system" in text
    assert "  chaos recover --context c --from-cluster r1" in text
    assert "  if it is over: chaos cleanup --context c --run r1" in text
    said = json.loads("{" + document)
    assert [one["run"] for one in said["runs"]] == ["r1"]
    assert said["runs"][0]["by"] == "chaos-identity on m"
    assert said["not_undone"][0]["recovery"] == "chaos recover --context c --from-cluster r1"
    assert said["exit_code"] == 5


def test_a_run_that_is_surely_under_way_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(place: Place) -> None:
        journal = await killed(place, tmp_path / "r1")
        assert journal.claim()  # as its process does
        assert await stand(place, tmp_path) == 0
        assert await clean(place, tmp_path) == 0
        journal.close()
        assert await stand(place, tmp_path) == 5

    run(story)
    out, err = capsys.readouterr()
    assert "under way: run r1" in out
    assert "under way: run r1" in err
    assert "not undone" not in err


def test_status_in_a_namespace_says_that_it_looked_nowhere_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "there" / "r1")
        everywhere = place.cluster.list

        async def forbidding(kind: str, namespace: str = "", labels: str = "") -> tuple[list[Object], str]:
            if not namespace:
                raise ApiError(f"listing {kind}: forbidden", status=403)
            return await everywhere(kind, namespace, labels)

        monkeypatch.setattr(place.cluster, "list", forbidding)
        found = await look(place.cluster, ADDRESS, tmp_path / "here", "ours")
        assert tell(place.cluster, ADDRESS, found, as_json=False) == 5
        assert {one.recovery for one in found.opened} == {
            "chaos recover --context c --from-cluster r1 --namespace ours"  # without it that could look nowhere
        }
        with pytest.raises(ApiError):
            await look(place.cluster, ADDRESS, tmp_path / "here", "")

    run(story)
    said = capsys.readouterr().out
    assert "only namespace ours could be looked at" in said
    assert "patch Deployment coredns" in said


def test_doctor_says_that_no_run_could_begin(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "r1")
        doctor = Doctor(place.cluster, place.sandbox.vantage, "", "image", in_cluster=False)
        finding = await doctor._not_undone()
        assert finding.status is Status.PROBLEM
        assert "patch Deployment coredns in namespace kube-system" in finding.found

    run(story)


async def next_run(place: Place, reports: Path) -> Any:
    quick = Options(trials=1, period_s=0.5)
    return await run_on(place.sandbox, reports, quick, find_experiment("identity-persistence"), mirror=True)


def test_the_next_run_of_another_machine_does_not_begin_on_top_of_it(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "there" / "r1")
        with pytest.raises(PreflightError, match="nothing is begun on top of it") as told:
            await next_run(place, tmp_path / "here")
        assert told.value.exit_code == 3
        assert told.value.hint.endswith("--from-cluster r1")
        assert not (tmp_path / "here").exists()

    run(story)


def test_the_next_run_of_this_machine_does_not_either_although_the_cluster_was_not_told(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "r1", mirrored=False)
        with pytest.raises(PreflightError, match="did not undo: patch Deployment coredns") as told:
            await next_run(place, tmp_path)
        assert told.value.hint == f"chaos recover {tmp_path / 'r1'}"

    run(story)


def test_what_was_only_made_is_told_and_in_nobodys_way(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await killed(place, tmp_path / "r1", outside=False)
        ran = await next_run(place, tmp_path)
        assert ran.result.error is None

    run(story)


def test_an_answer_that_never_came_leaves_no_mirror_behind(tmp_path: Path) -> None:
    """The ConfigMap was made, the change was not, and the run lives on."""

    async def story(place: Place) -> None:
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        clock = RunClock(asyncio.get_running_loop())
        mirror = Mirror(place.cluster, journal, "default")
        changes = Changes(place.cluster, journal, clock, "r1", mirror)
        create = place.cluster.create

        async def unheard(obj: Object, tried: Tried | None = None) -> Object:
            await create(obj)
            raise ApiError("no answer came")

        place.cluster.create = unheard  # type: ignore[method-assign]
        with pytest.raises(Exception, match="was not changed"):
            await changes.patch("Deployment", "coredns", "kube-system", OUTAGE)
        place.cluster.create = create  # type: ignore[method-assign]
        assert len((await find_mirrors(place.cluster)).copies) == 1
        assert await mirror.settle() == ""
        assert (await find_mirrors(place.cluster)).copies == ()

    run(story)


def test_a_journal_that_cannot_be_locked_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell whether its run is over, as on a read-only disk; what it leaves open is not kept quiet."""

    def unable(_path: Path) -> int:
        raise OSError(30, "Read-only file system")

    async def story(place: Place) -> None:
        await killed(place, tmp_path / "r1", mirrored=False)
        monkeypatch.setattr("chaos.cluster.journal.lock", unable)
        found = await look(place.cluster, ADDRESS, tmp_path, "")
        assert [change.change for change in found.opened] == ["patch Deployment coredns"]

    run(story)
