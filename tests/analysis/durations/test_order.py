"""Order statistics of intervals, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.analysis.durations import kth, largest, last_of, middle, one_per_fault, smallest
from chaos.model import Interval


def test_the_median_of_an_odd_number_is_the_middle_of_the_bounds() -> None:
    """The middle lower bound and the middle upper bound need not be of the same duration."""
    durations = [Interval(1, 9), Interval(2, 5), Interval(3, 4)]
    assert middle(durations) == Interval(2, 5)
    assert (smallest(durations), largest(durations)) == (Interval(1, 4), Interval(3, 9))


def test_the_median_of_an_even_number_is_rounded_outwards() -> None:
    assert middle([Interval(1, 4), Interval(2, 7)]) == Interval(1, 6)


def test_a_censored_one_beyond_the_middle_does_not_matter_to_the_median() -> None:
    durations = [Interval(1, 2), Interval(3, 4), Interval(60, None)]
    assert middle(durations) == Interval(3, 4)
    assert largest(durations) == Interval(60, None)


def test_a_censored_one_that_may_be_in_the_middle_leaves_no_upper_bound_of_an_even_number() -> None:
    assert middle([Interval(1, 2), Interval(3, None)]) == Interval(2, None)


def test_all_censored() -> None:
    durations = [Interval(5, None), Interval(7, None), Interval(6, None)]
    assert middle(durations) == Interval(6, None)
    assert smallest(durations) == Interval(5, None)


def test_ties_and_no_width() -> None:
    assert middle([Interval(4, 4)] * 4) == Interval(4, 4)


def test_one_and_none() -> None:
    assert middle([Interval(4, 9)]) == smallest([Interval(4, 9)]) == largest([Interval(4, 9)]) == Interval(4, 9)
    assert middle([]) is smallest([]) is largest([]) is None
    with pytest.raises(ValueError, match="no number 2"):
        kth([Interval(4, 9)], 2)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=20))
def test_whatever_the_values_are_their_order_statistics_are_within(drawn: list[tuple[int, int, int]]) -> None:
    values = sorted(value for value, _, _ in drawn)
    durations = [Interval(value - before, value + after) for value, before, after in drawn]
    assert all(kth(durations, k).covers(value) for k, value in enumerate(values, 1))


def test_a_fault_lasts_until_the_last_view_saw_it_over() -> None:
    seen = [("a", Interval(3, 9)), ("b", Interval(1, 2)), ("a", Interval(5, 6)), ("b", Interval(4, None))]
    assert one_per_fault(seen) == {"a": Interval(5, 9), "b": Interval(4, None)}
    assert list(one_per_fault(seen)) == ["a", "b"]


def test_no_view_at_all_is_no_duration() -> None:
    assert one_per_fault([]) == {}
    with pytest.raises(ValueError, match="without any duration"):
        last_of([])
