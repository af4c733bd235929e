"""A small part of `python -m benchmarks.fault_statistics`."""

from __future__ import annotations

import pytest

from benchmarks.fault_statistics import Cell, fixed, until


@pytest.mark.parametrize("cut", ["no", "random"])
@pytest.mark.parametrize("n", [6, 20])
def test_intervals_hold_the_true_median_as_often_as_they_say(n: int, cut: str) -> None:
    found = fixed(Cell("lognormal, sigma 0.5", n, 0.3, cut), 500, seed=2)
    assert 0.92 < found.held < 0.992  # 93 to 98.5 %, give or take the error of 500


def test_they_do_so_where_a_run_ends_by_its_precision() -> None:
    found = until(Cell("lognormal, sigma 0.08", 0, 0.3, "no"), 500, seed=2)
    assert 0.92 < found.held < 0.995
    assert 7 <= found.faults < 57


def test_a_wrong_interval_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.fault_statistics.LEVEL", 0.2)
    assert fixed(Cell("lognormal, sigma 0.5", 20, 0.3, "no"), 500, seed=2).held < 0.9
