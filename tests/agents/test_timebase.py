"""An agent's instant, mapped to the run's clock, is never outside of its bounds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.agents.timebase import ClockPoint, TimeBase, UnplaceableError

MS = 1_000_000
Offset = Callable[[float], float]  # true time in s → the agent's clock minus it, in s

constants = st.floats(-100, 100).map(lambda o: lambda _t: o)
drifts = st.tuples(st.floats(-10, 10), st.floats(-1e-2, 1e-2)).map(lambda p: lambda t: p[0] + p[1] * t)
curves = st.floats(0.001, 0.02).map(lambda a: lambda t: a * math.atan(t - 3))
steps = st.tuples(st.floats(-2, 2), st.floats(0.3, 5.7)).map(lambda p: lambda t: p[0] if t >= p[1] else 0.0)
offsets = st.one_of(constants, drifts, curves, steps)
trips = st.lists(st.tuples(st.floats(0, 0.01), st.floats(0, 0.01)), min_size=26, max_size=26)


def read_at(offset: Offset, t: float, there_s: float, back_s: float) -> ClockPoint:
    """A reading at the true instant t, whose message took so long there and its answer so long back."""
    return ClockPoint(
        round((t + offset(t)) * 1e9), math.floor((t - there_s) * 1e9) - 1, math.ceil((t + back_s) * 1e9) + 1
    )


@settings(max_examples=300, deadline=None)
@given(offsets, trips, st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=40))
def test_truth_is_within_the_bounds_for_any_drift_and_any_single_step(
    offset: Offset, trips_s: list[tuple[float, float]], fractions: list[float]
) -> None:
    """Instants are mapped as a session does it: soon after the first reading that comes after them."""
    base = TimeBase(10 * MS)
    times = [0.25 * n for n in range(len(trips_s))]
    base.add(read_at(offset, times[0], *trips_s[0]))
    for number in range(1, len(times)):
        before_s, after_s = times[number - 1], times[number]
        base.add(read_at(offset, after_s, *trips_s[number]))
        for fraction in fractions:
            true_s = before_s + fraction * (after_s - before_s)
            shown_ns = round((true_s + offset(true_s)) * 1e9)
            assert base.lower_ns(shown_ns) <= true_s * 1e9 + 1
            assert base.upper_ns(shown_ns) >= true_s * 1e9 - 1


def test_a_steady_clock_costs_no_more_than_its_round_trips() -> None:
    base = TimeBase(10 * MS)
    for n in range(10):
        base.add(read_at(lambda _t: 5.0, n * 0.25, 0.001, 0.0005))
    shown = round((1.1 + 5.0) * 1e9)
    assert base.upper_ns(shown) - base.lower_ns(shown) == pytest.approx(1.5 * MS, abs=10)
    assert base.unsure == []
    summary = base.summary()
    assert summary["bound_max_ms"] == pytest.approx(0.75, abs=0.001)
    assert summary["drift_ppm"] == pytest.approx(0, abs=summary["drift_error_ppm"])


@pytest.mark.parametrize("seconds", [0.5, -0.5])
def test_a_step_is_unsure_with_its_size_and_place(seconds: float) -> None:
    base = TimeBase(10 * MS)
    for n in range(10):
        base.add(read_at(lambda t: seconds if t > 1.1 else 0.0, n * 0.25, 0.001, 0.001))
    (span,) = base.unsure
    assert span.from_ns <= 1.1e9 <= span.to_ns
    assert 496 * MS <= span.moved_ns <= 500 * MS
    assert ("forward" if seconds > 0 else "back") in span.reason
    shown = round((1.2 + seconds) * 1e9)
    assert base.lower_ns(shown) <= 1.2e9 <= base.upper_ns(shown)


def test_an_instant_beyond_the_readings_is_refused() -> None:
    base = TimeBase(10 * MS)
    for n in range(3):
        base.add(read_at(lambda _t: 0.0, n * 0.25, 0.001, 0.001))
    with pytest.raises(UnplaceableError, match="no two readings"):
        base.lower_ns(round(0.6e9))
    with pytest.raises(UnplaceableError, match="no two readings"):
        base.upper_ns(round(-0.1e9))


def test_old_readings_are_forgotten_and_the_summary_is_not() -> None:
    base = TimeBase(10 * MS)
    for n in range(20_000):
        base.add(read_at(lambda t: 1e-4 * t, n * 0.25, 0.001, 0.001))
    assert len(base._agent) < 5_000
    assert base.summary()["points"] == 20_000
    assert base.summary()["drift_ppm"] == pytest.approx(100, abs=0.1)
