"""Small samples, some censored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos.analysis.statistics import Bound, maximum, median, quantile, summarise


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert median([Bound(1), Bound(9), Bound(3), Bound(5)]) == Bound(4)


def test_a_censored_value_above_the_middle_does_not_matter_to_the_median() -> None:
    assert median([Bound(1), Bound(2), Bound(60, censored=True)]) == Bound(2)


def test_a_censored_value_at_or_below_the_middle_makes_the_median_a_bound() -> None:
    assert median([Bound(1), Bound(60, censored=True), Bound(70)]) == Bound(60, censored=True)


def test_any_censored_value_makes_the_maximum_a_bound() -> None:
    assert maximum([Bound(90), Bound(60, censored=True)]) == Bound(90, censored=True)


def test_p95_needs_59_values_and_p99_needs_299() -> None:
    for n, p95, p99 in ((58, False, False), (59, True, False), (298, True, False), (299, True, True)):
        found = summarise([Bound(i) for i in range(n)])
        assert ((found.p95 is not None), (found.p99 is not None)) == (p95, p99)


def test_a_quantile_is_a_value_that_enough_values_do_not_exceed() -> None:
    assert quantile([Bound(i) for i in range(1, 101)], 0.95) == Bound(95)


def test_nothing_gives_nothing() -> None:
    found = summarise([])
    assert (found.n, found.median, found.maximum) == (0, None, None)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=30))
def test_a_median_with_censoring_never_exceeds_the_true_one(pairs: list[tuple[int, int]]) -> None:
    """Each true value is seen only up to its limit; a figure is exact, or a lower bound."""
    figures = [Bound(min(true, limit), censored=true > limit) for true, limit in pairs]
    true = sorted(true for true, _ in pairs)
    exact = (true[(len(true) - 1) // 2] + true[len(true) // 2]) // 2
    found = median(figures)
    assert found is not None
    assert found.value_ns <= exact if found.censored else found.value_ns == exact
