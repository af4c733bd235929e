"""One run at a time: its Lease says whose it is and that it lives; nobody takes it away before it is surely gone."""

from __future__ import annotations

import asyncio
import errno
import os
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Acknowledged, Changes
from chaos.cluster.journal import JOURNAL, Journal
from chaos.engine.lease import DURATION_S, NAME, RENEW_S, Heartbeat, holder, holder_of, lease_of
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import InconclusiveError, PreflightError
from chaos.experiment import Options
from tests.cluster.failing import Away
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import clean, nobody_there, own_namespace
from tests.sandboxed import run_on

__all__ = ["nobody_there"]
QUICK = Options(trials=1, period_s=0.1, max_qps=None, namespace="mine")


class Taken:
    """A Lease that a run of this process, or of another machine, has taken, with its heart."""

    def __init__(self, place: Place, reports: Path, run_id: str) -> None:
        (reports / run_id).mkdir(parents=True)
        self.lost: list[InconclusiveError] = []
        self.journal = Journal.start(reports / run_id, {"id": run_id, "fingerprint": place.cluster.fingerprint})
        self._clock = RunClock(asyncio.get_running_loop())
        self.changes = Changes(place.cluster, self.journal, self._clock, run_id)
        self._run_id = run_id
        self._cluster = place.cluster

    async def take(self, *, elsewhere: bool = False, asleep: Callable[[], float] = lambda: 0.0) -> None:
        lease = lease_of(self._run_id, "mine")
        if elsewhere:
            lease["spec"]["holderIdentity"] = "alice@far, pid 7, run x"
        made: Acknowledged = await self.changes.create(lease)
        self.heart = Heartbeat(self._cluster, self._clock, made, self.lost.append, asleep)


def test_it_is_renewed_every_ten_seconds_by_the_servers_clock_and_says_who_holds_it(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path, "r1")
        await taken.take()
        before = place.cluster.used["patch", "coordination.k8s.io", "leases"]
        await asyncio.sleep(300)
        assert place.cluster.used["patch", "coordination.k8s.io", "leases"] - before == 300 / RENEW_S - 1
        found = await holder_of(place.cluster, "mine")
        assert found is not None
        assert found.is_alive
        assert found.silent_s <= RENEW_S + 1  # whole seconds of the server's clock
        assert f"@{platform.node()}, pid {os.getpid()}, run r1" in found.who
        await taken.heart.end()
        await asyncio.sleep(DURATION_S + 2)
        found = await holder_of(place.cluster, "mine")
        assert found is not None
        assert not found.is_alive

    run(story)


def test_a_machine_that_was_suspended_renews_its_lease_with_the_time_of_now(tmp_path: Path) -> None:
    """It slept for ten minutes before the run, and for an hour during it, of which the run's clock knows nothing."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken, slept_s = Taken(place, tmp_path, "r1"), [600.0]
        await taken.take(asleep=lambda: slept_s[0])
        slept_s[0] += 3600
        await asyncio.sleep(15)
        lease = await place.cluster.get("Lease", NAME, "mine")
        _, now_s, _ = await place.cluster.server_date()
        assert lease is not None
        assert holder(lease, now_s + 3600).silent_s <= RENEW_S + 1
        await taken.heart.end()

    run(story)


def test_a_renewal_that_hangs_is_given_up_before_its_time_is_old(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path, "r1")
        await taken.take()
        began_s = asyncio.get_running_loop().time()
        place.sandbox.api.faults = Away(began_s + 25)
        await asyncio.sleep(38)
        found = await holder_of(place.cluster, "mine")
        assert found is not None
        assert found.is_alive
        assert found.silent_s <= RENEW_S + 1
        await taken.heart.end()

    run(story)


def test_a_defect_of_the_heartbeat_ends_the_run_and_is_told(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        def broken() -> float:
            if asked:
                raise ValueError("no such clock")
            asked.append(1)
            return 0.0

        asked: list[int] = []
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path, "r1")
        await taken.take(asleep=broken)
        await asyncio.sleep(15)
        assert ["no such clock" in why.message for why in taken.lost] == [True]
        await taken.heart.end()

    run(story)


def test_a_run_whose_lease_was_taken_away_is_told_once_and_one_that_is_ending_is_not(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        for ending in (False, True):
            taken = Taken(place, tmp_path, f"r-{ending}".lower())
            await taken.take()
            if ending:
                taken.heart.undoing()
            await place.cluster.delete("Lease", NAME, "mine")
            await place.cluster.create(lease_of("another", "mine"))
            await asyncio.sleep(60)
            assert len(taken.lost) == (0 if ending else 1)
            await taken.heart.end()
            found = await holder_of(place.cluster, "mine")
            assert found is not None
            assert "run another" in found.who
            await place.cluster.delete("Lease", NAME, "mine")

    run(story)


@pytest.mark.parametrize("gone_s", [0, 3600])
def test_a_second_run_says_who_is_there_since_when_and_what_frees_the_place(tmp_path: Path, gone_s: float) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path / "theirs", "r1")
        await taken.take(elsewhere=True)
        await asyncio.sleep(60)
        if gone_s:
            await taken.heart.end()
            await asyncio.sleep(gone_s)
        error = (await run_on(place.sandbox, tmp_path / "mine", QUICK)).result.error
        assert isinstance(error, PreflightError)
        assert "another run works in namespace mine: alice@far, pid 7, run x, since " in error.message
        assert ("taken for gone" in error.message) == bool(gone_s)
        assert ("chaos recover on its machine" in error.hint) == bool(gone_s)
        assert await holder_of(place.cluster, "mine") is not None  # nobody took it over
        await taken.heart.end()

    run(story)


@pytest.mark.parametrize("over", [(), ("r1",)])
def test_cleanup_leaves_a_live_run_of_another_machine_alone_whatever_is_said(
    tmp_path: Path, over: tuple[str, ...]
) -> None:
    """An hour later, when its age alone would say that it is over; with a copy of its journal at hand, too."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path / "theirs", "r1")
        await taken.take(elsewhere=True)
        taken.journal.close()
        await asyncio.sleep(4000)
        for reports in (tmp_path / "mine", tmp_path / "theirs"):
            assert await clean(place, reports, *over) == (5 if over else 0)
            assert await holder_of(place.cluster, "mine") is not None
        await taken.heart.end()
        await asyncio.sleep(DURATION_S + 2)
        for reports in (tmp_path / "mine", tmp_path / "theirs"):
            assert await clean(place, reports) == 5  # a network may be away for so long
        assert await holder_of(place.cluster, "mine") is not None
        await asyncio.sleep(10 * DURATION_S)
        assert await clean(place, tmp_path / "mine") == 0
        assert await holder_of(place.cluster, "mine") is None

    run(story)


def test_recover_on_another_machine_leaves_a_live_run_alone(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path, "r1")
        await taken.take(elsewhere=True)
        taken.journal.close()
        clock = RunClock(asyncio.get_running_loop())
        copy = Journal.load(tmp_path / "r1" / JOURNAL)
        with pytest.raises(PreflightError, match="still under way: alice@far"):
            await recover(copy, place.cluster, clock, Silence())
        await taken.heart.end()
        await asyncio.sleep(DURATION_S + 2)
        assert await recover(copy, place.cluster, clock, Silence()) == []
        assert await holder_of(place.cluster, "mine") is None

    run(story)


def test_where_files_have_no_locks_the_lease_tells_that_a_run_of_this_machine_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network file systems: whoever holds the journal, nobody sees it."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("chaos.cluster.journal_file.fcntl.flock", no_locks)

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path, "r1")
        await taken.take()
        assert await clean(place, tmp_path) == 0  # it left nothing: it is at work
        other = Journal.load(tmp_path / "r1" / JOURNAL)
        assert other.claim()
        with pytest.raises(PreflightError, match="still under way"):
            await recover(other, place.cluster, RunClock(asyncio.get_running_loop()), Silence())
        assert await holder_of(place.cluster, "mine") is not None
        await taken.heart.end()
        await asyncio.sleep(11 * DURATION_S)
        assert await clean(place, tmp_path) == 0
        assert await holder_of(place.cluster, "mine") is None
        taken.journal.close()
        other.close()

    run(story)


def test_a_run_without_its_lease_ends_and_undoes(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        await own_namespace(place, "mine")

        async def thief() -> None:
            await place.ready(3, "mine")
            await place.cluster.delete("Lease", NAME, "mine")

        stealing = asyncio.create_task(thief())
        result = (await run_on(place.sandbox, tmp_path, replace(QUICK, trials=50))).result
        await stealing
        assert result.error is not None
        assert "was taken away" in result.error.message
        assert result.leftovers == []
        left = [row["metadata"]["name"] for row in (await place.cluster.list("StatefulSet", "mine"))[0]]
        assert left == []

    run(story)


def lease(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": NAME, "creationTimestamp": "1970-01-01T00:01:40Z"}, "spec": spec}


def test_leases_of_others_and_of_older_versions_are_read_as_they_are() -> None:
    old = holder(lease(holderIdentity="chaos-identity on x", leaseDurationSeconds=3600), 3700)
    assert (old.is_alive, old.silent_s) == (True, 3600)
    silent = holder(lease(), 101)
    assert not silent.is_alive
    assert "which does not say whether it lives" in silent.describe()
    assert holder(lease(renewTime="nonsense", leaseDurationSeconds=40), 150).silent_s == 50
    assert holder(lease(renewTime="1970-01-01T00:02:00.5Z", leaseDurationSeconds=40), 130).silent_s == 9.5
    assert holder(lease(renewTime="1970-01-01T00:02:00.5Z"), 90).silent_s == 0


def test_what_somebody_wrote_into_a_lease_is_no_line_of_this_tool() -> None:
    said = holder(lease(holderIdentity="x\nrun r1: undone\x1b[2J", leaseDurationSeconds=40), 110).describe()
    assert said.isprintable()


@pytest.mark.parametrize("time", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_lease_that_claims_to_be_renewed_in_the_future_or_for_years_keeps_nobody_out(time: str) -> None:
    """Whoever may write Leases in a namespace would else keep every run, recovery and cleanup away for good."""
    assert not holder(lease(renewTime=time, leaseDurationSeconds=40), 500).is_alive
    assert not holder(lease(renewTime=time, leaseDurationSeconds=2**31 - 1), 4000).may_come_back
