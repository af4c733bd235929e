"""Intervals for the median over faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaos.analysis.survey import median_interval, outer_median_interval
from chaos.analysis.survey.ratio import accepts
from chaos.analysis.survey.sign_test import log_ratio, missed, rank
from chaos.model import Interval


def exact(*values: int) -> list[Interval]:
    return [Interval(v, v) for v in values]


def test_the_sign_test_by_hand() -> None:
    assert [rank(n, 0.05) for n in (0, 1, 5, 6, 8, 9, 20, 60)] == [0, 0, 0, 1, 1, 2, 6, 22]
    assert missed(6, 1) == 2 / 64
    assert log_ratio(6, 0) == pytest.approx(12 * np.log(2))
    assert log_ratio(6, 3) == 0


@pytest.mark.parametrize("n", [6, 7, 9, 20, 37, 60])
def test_of_exact_durations_it_is_the_sign_tests_interval(n: int) -> None:
    values = [v * v for v in range(1, n + 1)]
    r = rank(n, 0.05)
    assert (
        median_interval(exact(*values))
        == Interval(values[r - 1], values[n - r])
        == outer_median_interval(exact(*values))
    )


def test_six_are_the_first_with_an_interval() -> None:
    assert median_interval(exact(1, 2, 3, 4, 5, 6)) == Interval(1, 6)
    for n in range(6):
        assert median_interval(exact(*range(n))) is None
        assert outer_median_interval(exact(*range(n))) is None


def test_six_that_were_not_seen_to_end_bound_it_from_below() -> None:
    assert median_interval([Interval(9, None)] * 6) == Interval(9, None)


def test_a_tie_of_all_is_that_point() -> None:
    assert median_interval(exact(*[7] * 8)) == Interval(7, 7)


def test_a_tie_of_most_is_that_point() -> None:
    assert median_interval(exact(1, *[5] * 8, 9)) == Interval(5, 5)


def test_intervals_that_touch() -> None:
    found = median_interval([Interval(k, k + 1) for k in range(6)])
    assert found is not None
    assert 0 <= found.after_ns <= 1
    assert found.before_ns is not None
    assert 5 <= found.before_ns <= 6


def test_censored_ones_at_the_top_do_not_widen_it() -> None:
    """The 15th of 20 is the upper end; the last five are above it, how far does not matter."""
    durations = exact(*range(1, 16)) + [Interval(15, None)] * 5
    assert median_interval(durations) == Interval(6, 15)


def test_with_most_not_seen_to_end_there_is_no_upper_bound() -> None:
    found = median_interval(exact(1, 2) + [Interval(5, None)] * 8)
    assert found is not None
    assert found.before_ns is None


def test_coarse_sampling_with_scattered_looks_tells_more_than_the_bounds() -> None:
    """Sixty durations near 1000, each known to 1000: where they overlap is the information."""
    durations = [Interval(1000 - phase, 2000 - phase) for phase in range(8, 1000, 17)]
    inner, outer = median_interval(durations), outer_median_interval(durations)
    assert inner is not None
    assert outer is not None
    assert inner.before_ns is not None
    assert outer.before_ns is not None
    assert inner.before_ns - inner.after_ns < (outer.before_ns - outer.after_ns) / 2


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    least = draw(st.integers(0, 60))
    return Interval(least, draw(st.none() | st.integers(least, least + 30)))


@settings(deadline=None, max_examples=60)
@given(st.lists(intervals(), min_size=6, max_size=25))
def test_it_is_never_wider_than_the_outer_one(durations: list[Interval]) -> None:
    inner, outer = median_interval(durations), outer_median_interval(durations)
    assert inner is not None
    assert outer is not None
    assert outer.after_ns <= inner.after_ns
    assert outer.before_ns is None or (inner.before_ns is not None and inner.before_ns <= outer.before_ns)
    assert inner.before_ns is None or inner.after_ns <= inner.before_ns


# Between the medians around 0.25 and those from 2 on, which are accepted, one is refused.
WITH_A_HOLE = [Interval(0, 0), Interval(1, 3), *[Interval(2, None)] * 5]


@settings(deadline=None, max_examples=30)
@given(st.lists(intervals(), min_size=6, max_size=25), st.integers(0, 90))
@example(WITH_A_HOLE, 0)
def test_a_median_that_is_accepted_is_inside(durations: list[Interval], point: int) -> None:
    """The benchmark asks for the true median alone; that is no easier than to lie in the interval."""
    least = np.array([[d.after_ns for d in durations]], float)
    most = np.array([[np.inf if d.before_ns is None else d.before_ns for d in durations]], float)
    at = point + 0.25  # between the bounds
    if accepts(least, most, np.array([at]), 0.05)[0]:
        found = median_interval(durations)
        assert found is not None
        assert found.after_ns <= at
        assert found.before_ns is None or at <= found.before_ns
