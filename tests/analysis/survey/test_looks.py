"""When a run that is to be precise ends."""

from __future__ import annotations

from math import comb, inf

import pytest

from benchmarks.fault_statistics import Cell, until
from chaos.analysis.survey import decide, plan, relative_half_width
from chaos.analysis.survey.looks import LOOK_LEVEL, worst_case
from chaos.analysis.survey.sign_test import missed, rank
from chaos.model import Interval

NEAR = [Interval(1000 + k, 1001 + k) for k in range(60)]
FAR = [Interval(1 + 1000 * (k * 37 % 60), 2 + 1000 * (k * 37 % 60)) for k in range(60)]


def test_the_looks_for_60_faults() -> None:
    assert plan(60).looks == (7, 22, 35, 57)
    assert 0.049 < plan(60).worst <= 0.05


@pytest.mark.parametrize("most", [7, 8, 19, 20, 30, 45, 59, 100, 200])
def test_every_plan_keeps_to_its_level_and_to_its_maximum(most: int) -> None:
    found = plan(most)
    assert found.looks[0] == 7
    assert found.looks[-1] <= most
    assert found.worst <= 0.05
    assert all(0.015 <= missed(n, rank(n, LOOK_LEVEL)) <= 0.02 for n in found.looks)


def test_the_worst_case_by_hand_and_by_chance() -> None:
    """One look misses where all are on one side. Two: counted out of 2^22 ways, those of them that missed at neither
    are left.
    """
    assert worst_case((7,)) == 2 / 2**7
    held = sum(
        comb(7, first) * comb(15, second) for first in range(1, 7) for second in range(16) if 6 <= first + second <= 16
    )
    assert worst_case((7, 22)) == pytest.approx(1 - held / 2**22)


def test_a_narrow_interval_ends_it_at_the_first_look() -> None:
    assert [decide(NEAR[:n], 0.1, plan(60)).stop for n in (0, 6, 7)] == [False, False, True]
    found = decide(NEAR[:7], 0.1, plan(60))
    assert (found.reached, found.interval) == (True, Interval(1000, 1007))
    assert found.half_width == pytest.approx(7 / 2007)


def test_between_two_looks_nothing_ends_it() -> None:
    assert not decide(NEAR[:8], 0.1, plan(60)).stop


def test_a_wide_one_ends_it_at_the_last_look() -> None:
    stops = [n for n in (56, 57, 58, 60) if decide(FAR[:n], 0.1, plan(60)).stop]
    assert stops == [57, 58, 60]
    assert not decide(FAR[:57], 0.1, plan(60)).reached


def test_without_an_upper_bound_it_is_not_precise() -> None:
    found = decide([Interval(5, None)] * 7, 0.1, plan(60))
    assert (found.stop, found.half_width, found.interval) == (False, inf, Interval(5, None))


def test_too_few_for_any_look_end_at_once_and_unreached() -> None:
    found = decide([], 0.1, plan(6))
    assert (plan(6).looks, found.stop, found.reached, found.interval) == ((), True, False, None)


def test_the_half_width_is_relative_to_the_middle() -> None:
    assert relative_half_width(Interval(90, 110)) == 0.1
    assert relative_half_width(Interval(5, 5)) == 0
    assert relative_half_width(Interval(0, 0)) == inf


def test_the_rule_keeps_its_level_where_it_stops_as_soon_as_it_is_wrong() -> None:
    """Two tight modes: an interval is narrow only within one, which is never where the median is."""
    found = until(Cell("half 1 s, half 3 s, each ± 1 %", 0, 0.0001, "no"), 500, seed=1)
    assert 0.92 < found.held < 0.98  # 95 % by construction, and three standard errors
