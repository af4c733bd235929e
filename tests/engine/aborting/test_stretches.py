"""How long something failed at least, from samples that come bit by bit."""

from __future__ import annotations

import random

from chaos.engine.aborting.stretches import FailureStretch
from chaos.model import Samples

OK, FAILED, OTHER = 0, 1, 2
GOOD = [True, False, False]
Row = tuple[int, int, int]  # sent, received, outcome


def samples_of(rows: list[Row]) -> Samples:
    found = Samples()
    for sent, received, outcome in rows:
        found.append(sent, sent, received, outcome)
    return found


def longest(rows: list[Row], *cuts: int, before: int = 0) -> int:
    """Of rows in order of receipt, looked at after as many as `cuts` say, and at the end."""
    stretch = FailureStretch(samples_of(rows[:before]), GOOD) if before else FailureStretch()
    for cut in (*cuts, len(rows)):
        stretch.follow(samples_of(rows[:cut]), GOOD)
    return stretch.longest_ns


def test_a_stretch_lasts_from_its_first_failures_receipt_to_its_last_ones_sending() -> None:
    rows = [(0, 1, OK), (10, 11, FAILED), (20, 21, OTHER), (30, 31, FAILED), (40, 41, OK)]
    assert longest(rows) == 30 - 11
    assert longest(rows[:4]) == 30 - 11  # while it goes on


def test_what_never_worked_says_nothing_and_what_worked_before_the_watch_does() -> None:
    failing = [(10 * n, 10 * n + 1, FAILED) for n in range(1, 9)]
    assert longest(failing) == 0
    assert longest([(0, 1, OK), *failing], before=1) == 80 - 11


def test_one_lost_packet_is_no_time() -> None:
    assert longest([(0, 1, OK), (10, 1010, FAILED), (1020, 1021, OK)]) == 0


def test_a_success_in_the_middle_divides_it_also_one_that_arrives_late() -> None:
    halves = [(0, 1, OK), (10, 11, FAILED), (50, 51, FAILED), (55, 56, OK), (60, 61, FAILED), (90, 91, FAILED)]
    assert longest(halves) == 50 - 11
    late = [(0, 1, OK), (10, 11, FAILED), (50, 51, FAILED), (30, 52, OK), (60, 61, FAILED), (90, 91, FAILED)]
    assert longest(late, 3) == 50 - 11  # a look before it: nobody knew of the success


def test_a_failure_that_was_asked_for_before_a_success_counts_for_no_later_stretch() -> None:
    rows = [(0, 1, OK), (20, 21, OK), (10, 30, FAILED), (40, 41, FAILED), (60, 61, FAILED)]
    assert longest(rows) == 60 - 41


def test_it_never_says_more_than_was_and_hardly_less_however_the_samples_come() -> None:
    """One outage, samples that overlap, and looks at any time; each sample tells of an instant between its two."""
    for seed in range(60):
        rng = random.Random(seed)
        began = rng.randrange(300, 900)
        ended = began + rng.randrange(0, 1500)
        rows: list[Row] = []
        for sent in range(0, 3000, 10):
            received = sent + rng.choice((1, 3, 8, 40))
            at = rng.randint(sent, received)
            rows.append((sent, received, FAILED if began <= at < ended else OK))
        rows.sort(key=lambda row: row[1])
        cuts = sorted(rng.sample(range(1, len(rows)), 5))
        found = longest(rows, *cuts)
        assert found <= ended - began, seed
        assert found >= ended - began - 150, seed
