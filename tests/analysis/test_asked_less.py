"""A period that changes in the middle counts from where it changed, and the report says what that cost."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.analysis.asked_less import asked_less
from chaos.analysis.coverage import covered
from chaos.analysis.reading import Reading
from chaos.model.pace import PACE
from tests.histories import Builder, a, ns

RIGHT = a("10.244.1.7")
WHY = {"lost_share": 0.25, "took_ns": 40_000_000, "usual_lost_share": 0.001, "usual_took_ns": 1_000_000}


def paced(*changes: tuple[float, int]) -> Builder:
    """A record that is asked for each 0.1 s, from some instants on by other factors."""
    builder = Builder(parameters={"within_s": 1.0})
    series = builder.series("dns", "A web-1.web", "coredns-a", "web-1", period_s=0.1)
    for at_s, factor in changes:
        details: dict[str, Any] = {"factor": factor, "dns_period_s": 0.1 * factor, **WHY}
        builder.history.marks.append((ns(at_s), PACE, {**details, "periods": [[series.id, 0.1 * factor]]}))
    return builder


@pytest.mark.parametrize(
    ("from_s", "to_s", "period_s"),
    [(0, 4, 0.1), (0, 5, 0.2), (6, 7, 0.2), (6, 8, 0.4), (12, 13, 0.4), (13.5, 20, 0.1), (0, 20, 0.4)],
)
def test_the_longest_period_in_force_counts_and_an_old_one_until_every_vantage_knows(
    from_s: float, to_s: float, period_s: float
) -> None:
    reading = Reading(paced((5, 2), (8, 4), (12, 1)).history)
    assert reading.period_s(reading.series, ns(from_s), ns(to_s)) == period_s
    assert reading.period_s([]) == 0


@pytest.mark.parametrize(("gap_from_s", "seen_enough"), [(6, True), (2, False)])
def test_a_gap_is_judged_by_the_period_that_was_in_force_in_it(gap_from_s: float, seen_enough: bool) -> None:
    """Half a second without an answer is two samples at 0.2 s, and five at 0.1 s."""
    builder = paced((5, 2))
    (series,) = builder.history.series
    at_s = 0.0
    while at_s <= 10:
        builder.add(series, at_s, at_s + 0.001, RIGHT)
        at_s = round(at_s + (0.5 if at_s == gap_from_s else 0.1), 6)
    assert covered(Reading(builder.history), series, 0, ns(10)) is seen_enough


def test_each_time_is_a_sentence_with_its_reason_and_its_price() -> None:
    first, second = asked_less(Reading(paced((5, 2), (8, 4), (12, 1), (15, 2)).history))
    assert first == (
        "From 5.000 s to 12.000 s records were asked for up to 4 times less often than planned, every 400.0 ms at each "
        "view, since cluster DNS was overloaded: 25.0% of the questions at all views were not answered in time, and "
        "half of the answers took more than 40.0 ms; 0.1% and 1.0 ms is usual here. Intervals of that time are about "
        "as wide as that period."
    )
    assert second.startswith("From 15.000 s to the end records were asked for up to 2 times less often")


def test_a_run_that_kept_its_pace_says_nothing_of_it() -> None:
    reading = Reading(paced().history)
    assert list(asked_less(reading)) == []
    assert not reading.paced
