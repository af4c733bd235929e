"""Periods are stretched to keep the promised limit of queries per second, never silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.engine.probing import plan_rates
from chaos.experiment import Options


def test_three_pods_seen_through_three_views_fit_under_the_limit_by_a_longer_period() -> None:
    rates = plan_rates(Options(period_s=0.02, max_qps=500), pods=3, views=3, connections_by_name=6)
    assert rates.stretched
    assert rates.queries_per_s == pytest.approx(500)
    assert rates.dns_period_s == pytest.approx(16.8 / 440)


def test_without_a_limit_the_asked_period_is_kept() -> None:
    rates = plan_rates(Options(period_s=0.01, max_qps=None), pods=3, views=3, connections_by_name=6)
    assert not rates.stretched
    assert rates.dns_period_s == 0.01


@given(st.integers(1, 500), st.integers(1, 8), st.integers(0, 1000), st.floats(1, 10_000))
def test_the_limit_holds_for_every_target(pods: int, views: int, by_name: int, max_qps: float) -> None:
    rates = plan_rates(Options(max_qps=max_qps), pods, views, by_name)
    assert rates.queries_per_s <= max_qps * 1.000_001
