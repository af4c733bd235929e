"""Intervals for shares."""

from __future__ import annotations

import random

import pytest

from chaos.analysis.proportion import excluded, wilson


def test_it_gives_the_textbook_values() -> None:
    low, high = wilson(0, 10)
    assert (round(low, 4), round(high, 4)) == (0.0, 0.2775)
    low, high = wilson(50, 100)
    assert (round(low, 4), round(high, 4)) == (0.4038, 0.5962)


def test_more_intervals_side_by_side_are_wider() -> None:
    one, three = wilson(30, 90), wilson(30, 90, intervals=3)
    assert three[0] < one[0] < one[1] < three[1]


def test_it_covers_as_often_as_it_says() -> None:
    rng = random.Random(1)
    held = 0
    for _ in range(2000):
        low, high = wilson(sum(rng.random() < 1 / 3 for _ in range(60)), 60)
        held += low <= 1 / 3 <= high
    assert 0.93 < held / 2000 < 0.97


def test_looks_that_saw_nothing_exclude_only_so_much() -> None:
    assert round(excluded(3), 3) == 0.632
    assert round(excluded(59), 3) == 0.050
    with pytest.raises(ValueError, match="without a look"):
        excluded(0)


def test_nothing_observed_is_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0, 0)


@pytest.mark.parametrize(("looks", "share"), [(1, 0.95), (3, 0.6316), (60, 0.0487)])
def test_looks_exclude_the_share_that_they_would_have_shown_with_95_percent(looks: int, share: float) -> None:
    assert round(excluded(looks), 4) == share
    assert (1 - excluded(looks)) ** looks == pytest.approx(0.05)


def test_no_look_excludes_nothing() -> None:
    with pytest.raises(ValueError, match="without a look"):
        excluded(0)
