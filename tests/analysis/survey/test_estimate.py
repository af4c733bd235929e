"""The maximum-likelihood estimate, by hand, by its optimality condition, and as lifelines gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.analysis.survey import Piece, estimate, quantile
from chaos.model import Interval

RECORD = json.loads(Path(__file__).with_name("lifelines.json").read_text())


def pieces(*durations: tuple[int, int | None]) -> list[tuple[int, int | None, float]]:
    found = estimate([Interval(*d) for d in durations])
    return [(p.within.after_ns, p.within.before_ns, round(p.probability, 3)) for p in found]


def test_exact_durations_each_get_their_share() -> None:
    assert pieces((3, 3), (1, 1), (2, 2), (2, 2)) == [(1, 1, 0.25), (2, 2, 0.5), (3, 3, 0.25)]


def test_right_censored_ones_give_what_kaplan_and_meier_give() -> None:
    """At 1: 1/4. At 3, with two left: 3/4 * 1/2. The rest is after 4."""
    assert pieces((1, 1), (2, None), (3, 3), (4, None)) == [(1, 1, 0.25), (3, 3, 0.375), (4, None, 0.375)]


def test_overlapping_intervals_share_what_they_have_in_common() -> None:
    assert pieces((0, 10), (5, 15), (20, 30)) == [(5, 10, 0.667), (20, 30, 0.333)]


def test_a_chain_of_overlaps() -> None:
    """(0, 4), (3, 8), (7, 12): masses p, 1 - p in (3, 4) and (7, 8); the likelihood is p (p + 1 - p) (1 - p)."""
    assert pieces((0, 4), (3, 8), (7, 12)) == [(3, 4, 0.5), (7, 8, 0.5)]


def test_intervals_that_touch_have_nothing_in_common() -> None:
    assert pieces((1, 2), (2, 3)) == [(1, 2, 0.5), (2, 3, 0.5)]


def test_a_point_is_in_an_interval_that_ends_there_and_not_in_one_that_begins_there() -> None:
    assert pieces((1, 2), (2, 2)) == [(2, 2, 1.0)]
    assert pieces((2, 2), (2, 3)) == [(2, 2, 0.5), (2, 3, 0.5)]


def test_all_censored_says_only_from_when_on() -> None:
    assert pieces((5, None), (7, None), (6, None)) == [(7, None, 1.0)]


@pytest.mark.parametrize("durations", [[(4, 9)], [(4, None)], [(4, 4)]])
def test_one_is_itself(durations: list[tuple[int, int | None]]) -> None:
    assert pieces(*durations) == [(*durations[0], 1.0)]


def test_none_is_nothing() -> None:
    assert estimate([]) == ()
    with pytest.raises(ValueError, match="nothing"):
        quantile((), 0.5)


def test_a_quantile_is_a_piece_or_what_lies_between_two() -> None:
    found = (Piece(Interval(1, 2), 0.5), Piece(Interval(4, 6), 0.3), Piece(Interval(9, None), 0.2))
    assert [quantile(found, share) for share in (0.3, 0.5, 0.6, 0.9)] == [
        Interval(1, 2),
        Interval(1, 6),
        Interval(4, 6),
        Interval(9, None),
    ]


@pytest.mark.parametrize("number", range(len(RECORD["samples"])))
def test_it_is_what_lifelines_gives(number: int) -> None:
    row = RECORD["samples"][number]
    found = estimate([Interval(*d) for d in row["durations"]])
    for at, least, _ in row["longer"]:
        done = sum(p.probability for p in found if p.within.before_ns is not None and p.within.before_ns <= at)
        assert 1 - done == pytest.approx(least, abs=0.002)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    least = draw(st.integers(0, 40))
    return Interval(least, draw(st.none() | st.integers(least, least + 20)))


@settings(deadline=None, max_examples=60)
@given(st.lists(intervals(), min_size=1, max_size=25))
def test_no_mass_elsewhere_would_make_them_likelier(durations: list[Interval]) -> None:
    """The derivative towards any point is at most n: necessary, and enough since the logarithm is concave."""
    found = estimate(durations)
    chances = [sum(p.probability for p in found if _holds(d, p.within)) for d in durations]
    assert sum(p.probability for p in found) == pytest.approx(1)
    for point in {b for d in durations for b in (d.after_ns, d.before_ns) if b is not None} | {1000}:
        slope = sum(1 / c for c, d in zip(chances, durations, strict=True) if _has(d, point))
        assert slope <= len(durations) * 1.01


def _has(duration: Interval, point: int) -> bool:
    """Open below and closed above, or that point."""
    return duration.covers(point) and (point > duration.after_ns or duration.before_ns == point)


def _holds(duration: Interval, piece: Interval) -> bool:
    if piece.after_ns == piece.before_ns:
        return _has(duration, piece.after_ns)
    if duration.before_ns is None:
        return duration.after_ns <= piece.after_ns
    return piece.before_ns is not None and duration.after_ns <= piece.after_ns and piece.before_ns <= duration.before_ns
