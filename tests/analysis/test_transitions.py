"""When an answer changed, where answers overtake each other."""

from __future__ import annotations

from chaos.analysis.reading import Reading
from chaos.analysis.transitions import transitions
from chaos.model import Interval, Outcome
from tests.histories import NXDOMAIN, Builder, a, ns

THERE = a("10.0.0.1")


def changes(*samples: tuple[float, float, Outcome]) -> list[tuple[str, Interval]]:
    """Samples as (sent_s, received_s, outcome), in the order of receipt; what came of the first one is left out."""
    build = Builder()
    series = build.series("dns", "A web-1.web", "coredns-a", "web-1")
    for sent_s, received_s, outcome in samples:
        build.add(series, sent_s, received_s, outcome)
    return [(found.after.status, found.at) for found in transitions(Reading(build.done()), series)[1:]]


def test_an_old_answer_that_comes_late_is_no_change_back() -> None:
    """Seen in the seeded experiments: one straggler made two changes that never happened."""
    found = changes((1.0, 1.01, THERE), (1.2, 1.21, NXDOMAIN), (1.1, 1.25, THERE), (1.3, 1.31, NXDOMAIN))
    assert found == [("NXDOMAIN", Interval(ns(1.0), ns(1.21)))]


def test_a_new_answer_that_comes_late_is_no_change_forth_and_back() -> None:
    found = changes((1.0, 1.01, THERE), (1.1, 1.15, NXDOMAIN), (1.12, 1.16, THERE), (1.2, 1.21, NXDOMAIN))
    assert found == [("NXDOMAIN", Interval(ns(1.0), ns(1.15)))]


def test_one_that_was_asked_after_the_others_had_come_is_a_change_back() -> None:
    found = changes((1.0, 1.01, THERE), (1.1, 1.11, NXDOMAIN), (1.2, 1.21, THERE))
    assert found == [("NXDOMAIN", Interval(ns(1.0), ns(1.11))), ("NOERROR", Interval(ns(1.1), ns(1.21)))]


def test_a_change_that_was_short_is_not_placed_behind_an_answer_that_overtook_it() -> None:
    found = changes((1.0, 1.01, THERE), (1.2, 1.21, THERE), (1.1, 1.25, NXDOMAIN))
    assert found == [("NXDOMAIN", Interval(ns(1.0), ns(1.25)))]
