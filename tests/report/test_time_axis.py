"""The broken axis."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from chaos.report.timeline.axis import axis


@example([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.6, 100.0])  # the first stretch's padding reaches beyond the second one
@given(st.lists(st.floats(-1, 300, allow_nan=False), min_size=1, max_size=25))
def test_it_is_monotone_without_holes_and_stays_inside(instants_s: list[float]) -> None:
    found = axis(instants_s, 200, 980)
    assert found.segments[0].from_px == 200
    assert abs(found.segments[-1].to_px - 980) < 1e-6
    for left, right in zip(found.segments, found.segments[1:], strict=False):
        assert left.to_s == right.from_s
        assert abs(left.to_px - right.from_px) < 1e-9
        assert left.width_px > 0
    assert all(segment.to_s > segment.from_s for segment in found.segments)
    assert all(200 <= tick.x_px <= 980 for tick in found.ticks())
    positions = [found.px(at) for at in sorted(instants_s)]
    assert positions == sorted(positions)


def test_twenty_milliseconds_are_visible_beside_half_a_minute() -> None:
    found = axis([0.0, 0.009, 0.011, 30.04, 31.1, 31.107, 32.1, 32.107, 32.11], 200, 980)
    assert found.px(0.011) - found.px(0.0) > 25
    assert found.px(32.11) - found.px(32.1) > 25


def test_compressed_stretches_carry_no_ticks() -> None:
    found = axis([0.0, 0.02, 30.0, 30.02], 200, 980)
    compressed = [s for s in found.segments if s.compressed]
    assert len(compressed) == 1
    assert not [t for t in found.ticks() if compressed[0].from_px < t.x_px < compressed[0].to_px]
    assert "0" in {t.label for t in found.ticks()}
