"""What is watched ends the run when it holds, and when nobody can tell for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.engine.aborting import Condition, Seen, Watch, check_all
from chaos.engine.aborting.figure import Figure
from chaos.engine.aborting.of_object import OfObject
from chaos.engine.progress import Silence
from chaos.errors import AbortedError, ApiError, PreflightError
from chaos.model import Outcome
from chaos.options.conditions import FigureCondition, ObjectCondition, parse_condition
from kubesim import run_virtual
from tests.fakes import recorder

READY = "node/one: Ready != True"


class Told(Silence):
    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str) -> None:
        self.said.append(text)

    def warning(self, text: str) -> None:
        self.said.append(f"warning: {text}")


class Scripted(Condition):
    """Finds what a function of time says."""

    every_s = 5.0

    def __init__(self, found: Callable[[float], Seen]) -> None:
        super().__init__("prometheus: up == 0")
        self._found = found

    async def check(self) -> Seen:
        return await self.look()

    async def look(self) -> Seen:
        return self._found(asyncio.get_running_loop().time())


def watched(
    found: Callable[[float], Seen], for_s: float, steady_s: float = 0.0
) -> tuple[dict[str, Any], list[str], str]:
    """Its row, what was told, and why it ended the run."""

    async def story() -> tuple[dict[str, Any], list[str], str]:
        told, condition, steady = Told(), Scripted(found), asyncio.Event()
        watch = Watch([condition], RunClock(asyncio.get_running_loop()), told)
        asyncio.get_running_loop().call_later(steady_s, steady.set)
        why = ""
        try:
            async with asyncio.timeout(for_s):
                await watch.follow(condition, steady)
        except TimeoutError:
            pass
        except AbortedError as exc:
            why = exc.message
        await watch.finish()
        return watch.rows()[0], told.said, why

    return run_virtual(story())


def test_it_is_looked_at_from_the_steady_state_on_and_ends_the_run_once_it_holds() -> None:
    row, told, why = watched(lambda at_s: Seen(at_s >= 20, f"up for {at_s:g} s"), 60, steady_s=12)
    assert why == "--abort-if 'prometheus: up == 0' holds: up for 22 s"
    assert told == []
    assert (row["result"], row["value"]) == ("held", "up for 22 s")
    assert (row["looks"], row["at_s"], row["unknown_s"]) == (3, 22.0, 0.0)


def test_one_that_is_never_steady_is_not_watched_and_says_so() -> None:
    row, _, why = watched(lambda _: Seen(True, ""), 60, steady_s=99)
    assert (row["result"], why) == ("not watched", "")


def test_what_is_unknown_for_a_while_is_told_at_once_and_does_not_end_the_run() -> None:
    row, told, why = watched(lambda at_s: Seen(None, "refused") if 10 <= at_s < 30 else Seen(False, "no series"), 60)
    assert why == ""
    first, then = told
    assert first.startswith(
        "warning: whether --abort-if 'prometheus: up == 0' holds is not known: refused; where that lasts"
    )
    assert then == "--abort-if 'prometheus: up == 0' is known again"
    assert (row["result"], row["unknown_s"]) == ("did not hold", 20.0)


def test_what_stays_unknown_ends_the_run() -> None:
    row, _, why = watched(lambda at_s: Seen(None, "refused") if at_s >= 10 else Seen(False, ""), 90)
    assert why == "--abort-if 'prometheus: up == 0' cannot be watched any more, for 30 s: refused"
    assert (row["result"], row["at_s"]) == ("unknown", 40.0)


def test_a_run_that_ends_meanwhile_says_that_it_was_unknown() -> None:
    row, _, why = watched(lambda at_s: Seen(None, "refused") if at_s >= 10 else Seen(False, ""), 25)
    assert (row["result"], row["value"], row["unknown_s"], why) == ("unknown", "refused", 15.0, "")


def test_what_holds_already_lets_no_run_begin() -> None:
    with pytest.raises(PreflightError, match="holds before the run has begun: 3 firing"):
        run_virtual(check_all([Scripted(lambda _: Seen(True, "3 firing"))]))


class Node:
    """A cluster with one node, whose Ready condition is what a test says; or an error, or nothing."""

    def __init__(self, ready: Callable[[float], str | ApiError | None]) -> None:
        self._ready = ready

    async def get(self, _kind: str, _name: str, _namespace: str, *, budget_s: float) -> dict[str, Any] | None:
        found = self._ready(asyncio.get_running_loop().time())
        if isinstance(found, ApiError):
            raise found
        return None if found is None else {"status": {"conditions": [{"type": "Ready", "status": found}]}}


def looks(text: str, ready: Callable[[float], str | ApiError | None], *, early: bool = True) -> list[bool | None]:
    """What looks a second apart find, after the one before the run where it must be there early."""

    async def story() -> list[bool | None]:
        said = parse_condition(text)
        assert isinstance(said, ObjectCondition)
        clock = RunClock(asyncio.get_running_loop())
        condition = OfObject(said, Node(ready), clock, "mine", early=early)  # type: ignore[arg-type]
        found = [seen.holds] if (seen := await condition.check()) is not None else []
        for _ in range(6):
            await asyncio.sleep(1)
            found.append((await condition.look()).holds)
        return found

    return run_virtual(story())


def test_an_objects_condition_holds_when_it_has_that_status_or_any_other() -> None:
    assert looks(READY, lambda at_s: "True" if at_s < 3 else "Unknown") == [False, False, False, True, True, True, True]
    assert looks("node/one: Ready = False", lambda at_s: "Unknown" if at_s < 5 else "False")[-2:] == [True, True]
    assert looks(READY, lambda at_s: "True" if at_s < 6 else None)[-1] is True  # it is gone


def test_for_a_while_means_that_no_look_found_otherwise_and_none_was_missed() -> None:
    held = looks(f"{READY} for 2s", lambda at_s: "True" if at_s < 2 else "False")
    assert held == [False, False, False, False, True, True, True]
    gap = looks(f"{READY} for 2s", lambda at_s: ApiError("gone") if at_s == 4 else "True" if at_s < 2 else "False")
    assert gap == [False, False, False, False, None, False, False]


def test_an_object_that_is_not_there_is_refused_or_is_unknown_where_the_run_may_still_make_it() -> None:
    with pytest.raises(PreflightError, match="about Node one, which is not there"):
        looks(READY, lambda _: None)
    with pytest.raises(PreflightError, match="cannot be watched: forbidden"):
        looks(READY, lambda _: ApiError("forbidden", status=403))
    assert looks(READY, lambda at_s: None if at_s < 4 else "True", early=False) == [
        None,
        None,
        None,
        False,
        False,
        False,
    ]


def figure(tmp_path: Path, text: str, probe: str, record: str, outcomes: list[Outcome], lost: set[str]) -> list[Seen]:
    """What is seen each second, of samples that come ten times a second and begin with a success."""

    async def story() -> list[Seen]:
        clock, kept = recorder(tmp_path)
        said = parse_condition(text)
        assert isinstance(said, FigureCondition)
        series = kept.open_series(
            probe=probe, record=record, view="v", pod="web-0", name="n", period_s=0.1, timeout_s=1.0
        )
        kept.open_series(probe="address", record="old", view="", pod="web-0", name="n", period_s=0.1, timeout_s=1.0)
        watched = Figure(said, kept, clock, set(), lambda: lost)
        watched.begin()
        found = []
        for outcome in outcomes:
            for _ in range(10):
                sent_ns = clock.now_ns()
                await asyncio.sleep(0.1)
                kept.sample(series.id, sent_ns, sent_ns, clock.now_ns() - 90_000_000, kept.outcome_id(outcome))
            found.append(await watched.look())
        kept.close()
        return found

    return run_virtual(story())


WORKS, REFUSED = Outcome("OK", phase="response"), Outcome("ECONNREFUSED", phase="connect")


def test_a_figure_is_the_longest_stretch_until_now_at_least(tmp_path: Path) -> None:
    seen = figure(tmp_path, "outage.by-name > 1s", "http", "web-0.web:80", [WORKS, REFUSED, REFUSED, WORKS], set())
    assert [one.holds for one in seen] == [False, False, True, True]
    assert seen[-1].value == "at least 1.890 s, web-0.web:80 from local"
    (never,) = figure(tmp_path, "outage.by-clusterip > 1s", "http", "web-0.web:80", [REFUSED], set())
    assert never == Seen(None, "nothing measures it")


def test_dns_that_denies_a_name_fails_and_has_answered(tmp_path: Path) -> None:
    denied, answered = Outcome("NXDOMAIN"), Outcome("NOERROR", values=("10.0.0.1",))
    outcomes = [answered, denied, denied]
    assert figure(tmp_path, "dns.failing > 1s", "dns", "A web-0.web", outcomes, set())[-1].holds
    assert not figure(tmp_path, "dns.unanswered > 1s", "dns", "A web-0.web", outcomes, set())[-1].holds
    silent = [answered, Outcome("TIMEOUT"), Outcome("TIMEOUT")]
    assert figure(tmp_path, "dns.unanswered > 1s", "dns", "A web-0.web", silent, set())[-1].holds
    assert figure(tmp_path, "dns.failing > 1s", "dns", "PTR 10.0.0.1", outcomes, set())[-1].holds is None


def test_of_a_vantage_that_is_lost_nothing_is_known(tmp_path: Path) -> None:
    (seen,) = figure(tmp_path, "outage.by-name > 1s", "http", "web-0.web:80", [WORKS], {"local"})
    assert seen == Seen(None, "nothing measures it any more")


def test_what_nothing_was_heard_of_is_unknown_unless_the_look_itself_is_late(tmp_path: Path) -> None:
    """Everything was held up then, and the next look tells."""

    async def story() -> list[bool | None]:
        clock, kept = recorder(tmp_path)
        said = parse_condition("outage.by-name > 1m")
        assert isinstance(said, FigureCondition)
        kept.open_series(probe="http", record="web-0", view="", pod="web-0", name="n", period_s=0.1, timeout_s=1.0)
        watched = Figure(said, kept, clock, set(), lambda: ())
        watched.begin()
        found = []
        for wait_s in (2.5, 0.25, 0.25, 0.25, 0.25):
            await asyncio.sleep(wait_s)
            found.append((await watched.look()).holds)
        kept.close()
        return found

    assert run_virtual(story()) == [False, False, False, False, None]
