"""What n faults support."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chaos.analysis.durations import NoneLonger, next_no_longer, none_longer
from chaos.model import Interval


def test_59_support_that_at_most_5_percent_take_longer_and_58_do_not() -> None:
    found = none_longer([Interval(k, k + 3) for k in range(59)])
    assert found is not None
    assert (found.n, found.longest_ns) == (59, 61)
    assert 0.0495 < found.at_most <= 0.05
    fewer = none_longer([Interval(k, k + 3) for k in range(58)])
    assert fewer is not None
    assert fewer.at_most > 0.05


def test_one_supports_next_to_nothing() -> None:
    found = none_longer([Interval(1, 2)])
    assert found == NoneLonger(1, 2, 1 - (1 - 0.95), 0.95)


def test_where_one_was_not_seen_to_end_nothing_bounds_them() -> None:
    assert none_longer([Interval(1, 2), Interval(1, None)]) is None


def test_no_fault_no_bound() -> None:
    assert none_longer([]) is None


def test_the_longest_is_the_largest_upper_bound() -> None:
    found = none_longer([Interval(1, 9), Interval(5, 6)])
    assert found is not None
    assert found.longest_ns == 9


def test_the_next_one_is_no_longer_in_three_cases_of_four() -> None:
    assert next_no_longer(3) == Fraction(3, 4)
    assert next_no_longer(0) == 0
    with pytest.raises(ValueError, match="fewer than no"):
        next_no_longer(-1)
