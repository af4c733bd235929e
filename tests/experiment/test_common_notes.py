"""What common notes tell: who answered and what failed, and which series a method watched."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chaos.analysis.claims import UnmeasuredError, against_if
from chaos.analysis.reading import Reading
from chaos.experiment import Answered, Watched, watched
from chaos.model import History, RunMeta, Series
from chaos.model.figure import plain


def test_failures_are_no_pods_and_what_reached_nobody_says_so() -> None:
    found = Answered("web", 9, {"web-1": 4, "web-0": 3, "TIMEOUT (connect)": 2})
    assert (found.reached, found.failed) == ({"web-1": 4, "web-0": 3}, {"TIMEOUT (connect)": 2})
    assert found.answers == 7
    assert plain(found.told()) == "2 were TIMEOUT (connect), 3 to web-0, 4 to web-1"
    assert Answered("web", 0, {}).told() == "nobody"


def test_a_client_is_found_by_what_the_method_calls_it() -> None:
    history = History(RunMeta("x", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    one = Series(3, "mysql", "db:3306", "service", "", "db.", 0.05, 1.0)
    history.series.append(one)
    history.marks += [(1, "watched", Watched("writes", 3).details()), (2, "watched", Watched("reads", 4).details())]
    reading = Reading(history)
    assert watched(reading, "writes") == one
    for client in ("reads", "held"):  # one without its series, one that was never watched
        with pytest.raises(UnmeasuredError, match=f"the client {client} was not watched"):
            watched(reading, client)


def test_what_looks_wrong_is_wrong_only_where_it_was_heard() -> None:
    assert [against_if(heard, "it is gone").outcome for heard in (True, False)] == ["fail", "unknown"]
