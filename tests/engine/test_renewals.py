"""A Lease that looks silent is watched before its run is called over: what tells the time may not be the API server."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.journal import JOURNAL, Journal
from chaos.engine.lease import NAME, RENEW_S, holder_of
from chaos.engine.progress import Silence
from chaos.engine.renewals import WATCHED_S
from chaos.engine.rollback import recover
from chaos.errors import PreflightError
from tests.diagnose.clusters import Place, run
from tests.engine.test_cleanup import HOUR_S, clean, nobody_there, own_namespace
from tests.engine.test_lease import Taken

__all__ = ["nobody_there"]
_ASKED = Cluster.server_date


def proxy_is_wrong(monkeypatch: pytest.MonkeyPatch, by_s: float) -> None:
    """As where it replaces the `Date` header by its own."""

    async def date(self: Cluster) -> tuple[float, float, float]:
        before_s, said_s, after_s = await _ASKED(self)
        return before_s, said_s + by_s, after_s

    monkeypatch.setattr(Cluster, "server_date", date)


def gone(*_: object) -> None:
    raise ProcessLookupError


async def elsewhere(place: Place, tmp_path: Path) -> Taken:
    """A run of another machine."""
    await own_namespace(place, "mine")
    taken = Taken(place, tmp_path / "theirs", "r1")
    await taken.take(elsewhere=True)
    await asyncio.sleep(RENEW_S + 1)
    taken.journal.close()
    return taken


def test_a_run_of_another_machine_that_renews_its_lease_is_not_over_whatever_the_time_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a copy of its journal lies here too, and where somebody says that it is over; `recover` does the same."""

    async def story(place: Place) -> None:
        taken = await elsewhere(place, tmp_path)
        proxy_is_wrong(monkeypatch, 2 * HOUR_S)
        assert await clean(place, tmp_path / "here") == 0
        assert await clean(place, tmp_path / "theirs") == 0
        proxy_is_wrong(monkeypatch, 60)
        assert await clean(place, tmp_path / "here", "r1") == 5
        copy = Journal.load(tmp_path / "theirs" / "r1" / JOURNAL)
        with pytest.raises(PreflightError, match="still under way: alice@far"):
            await recover(copy, place.cluster, RunClock(asyncio.get_running_loop()), Silence())
        await taken.heart.end()
        assert await clean(place, tmp_path / "here", "r1") == 0
        assert await holder_of(place.cluster, "mine") is None

    run(story)
    said = " ".join(capsys.readouterr().err.split())
    assert "watching for 16 s whether the Lease of run r1 is renewed" in said
    assert "run r1, under way: its Lease was renewed just now, whatever time the server says it is" in said


def test_what_needs_no_watching_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is seen to live, one that stays in any case, and one of this machine whose journal tells."""

    async def story(place: Place) -> None:
        async def took_s(reports: Path) -> float:
            began_s = asyncio.get_running_loop().time()
            await clean(place, reports)
            return asyncio.get_running_loop().time() - began_s

        taken = await elsewhere(place, tmp_path)
        await taken.heart.end()
        assert await took_s(tmp_path / "here") < WATCHED_S
        proxy_is_wrong(monkeypatch, 60)
        assert await took_s(tmp_path / "here") < WATCHED_S
        proxy_is_wrong(monkeypatch, HOUR_S)
        monkeypatch.setattr("platform.node", lambda: "far")
        monkeypatch.setattr("os.kill", gone)
        assert await took_s(tmp_path / "theirs") < WATCHED_S
        assert await holder_of(place.cluster, "mine") is None

    run(story)


def test_a_run_whose_lease_goes_away_meanwhile_is_left_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is at its end, and undoes what it did."""

    async def story(place: Place) -> None:
        taken = await elsewhere(place, tmp_path)
        meta = {"name": "made", "namespace": "mine"}
        await taken.changes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
        await taken.heart.end()
        proxy_is_wrong(monkeypatch, 2 * HOUR_S)
        cleaning = asyncio.create_task(clean(place, tmp_path / "here"))
        await asyncio.sleep(5)
        await place.cluster.delete("Lease", NAME, "mine")
        assert await cleaning == 5
        assert await place.cluster.get("ConfigMap", "made", "mine") is not None
        assert await clean(place, tmp_path / "here") == 0

    run(story)
    assert "its Lease went away just now" in capsys.readouterr().err.replace("\n", " ")


def test_a_copied_journal_of_a_run_of_this_machine_does_not_tell_that_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody holds the copy; a process has the number that the Lease says, and may be another one: watching tells."""

    async def story(place: Place) -> None:
        await own_namespace(place, "mine")
        taken = Taken(place, tmp_path / "reports", "r1")
        with monkeypatch.context() as patched:
            patched.setattr("os.getpid", os.getppid)
            await taken.take()
        shutil.copytree(tmp_path / "reports", tmp_path / "copied")
        assert await clean(place, tmp_path / "copied") == 0  # it left nothing: it is at work
        copy = Journal.load(tmp_path / "copied" / "r1" / JOURNAL)
        assert copy.claim()
        clock = RunClock(asyncio.get_running_loop())
        with pytest.raises(PreflightError, match="still under way"):
            await recover(copy, place.cluster, clock, Silence())
        assert await holder_of(place.cluster, "mine") is not None
        await taken.heart.end()
        assert await recover(copy, place.cluster, clock, Silence()) == []
        taken.journal.close()
        copy.close()

    run(story)
