"""A broken time axis: what happens within milliseconds and what takes half a minute, in one picture.

Instants of interest are gathered into clusters. Each cluster gets a stretch of its own at a scale that shows it; the
time between clusters is compressed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_MAX_CLUSTERS = 5
_SPLIT_SHARE = 0.025  # a pause of this share of the whole separates two clusters
_SPLIT_AT_LEAST_S = 0.04
_PAD_AT_LEAST_S = 0.012
_PAD_SHARE = 0.3  # of the cluster's span, on either side
_COMPRESSED_PX = 26.0  # at least, for each pause
_COMPRESSED_SHARE = 0.26  # of the width, for all pauses together
_TICK_PX = 44.0  # at least, between two tick labels
_LABEL_HALF_PX = 14.0  # labels are centred, and those of the next segment begin close by


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the axis with one scale; seconds and pixels."""

    from_s: float
    to_s: float
    from_px: float
    to_px: float
    compressed: bool

    @property
    def width_px(self) -> float:
        return self.to_px - self.from_px

    def px(self, at_s: float) -> float:
        return self.from_px + (at_s - self.from_s) / (self.to_s - self.from_s) * self.width_px


@dataclass(frozen=True, slots=True)
class Tick:
    x_px: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Segments from left to right without a hole."""

    segments: tuple[Segment, ...]

    @property
    def from_s(self) -> float:
        return self.segments[0].from_s

    @property
    def to_s(self) -> float:
        return self.segments[-1].to_s

    def px(self, at_s: float) -> float:
        """The position of an instant; beyond the ends, the end."""
        for segment in self.segments:
            if at_s <= segment.to_s:
                return max(segment.from_px, segment.px(at_s))
        return self.segments[-1].to_px

    def ticks(self) -> list[Tick]:
        """Labelled ticks of the stretches that are not compressed."""
        return [tick for segment in self.segments if not segment.compressed for tick in _ticks(segment)]


def axis(instants_s: Sequence[float], from_px: float, to_px: float) -> Axis:
    """An axis on which each of the instants can be told from its neighbours.

    Args:
        instants_s: in any order; at least one.
        from_px: left end.
        to_px: right end.
    """
    clusters = _clusters(sorted(instants_s))
    stretches = [_padded(c) for c in clusters]
    for (earlier, left), (later, right) in pairwise(zip(clusters, stretches, strict=True)):
        if left[1] > right[0]:  # of a long one the padding may reach beyond the whole of a short one
            left[1] = right[0] = (earlier[-1] + later[0]) / 2
    _close(stretches, to_px - from_px)
    pauses = [right[0] - left[1] for left, right in pairwise(stretches)]
    pause_px = _pause_widths(pauses, to_px - from_px)
    stretch_px = (to_px - from_px - sum(pause_px)) / len(stretches)
    segments, x = [], from_px
    for number, (start_s, end_s) in enumerate(stretches):
        segments.append(Segment(start_s, end_s, x, x + stretch_px, compressed=False))
        x += stretch_px
        if number < len(pauses) and pauses[number] > 0:
            segments.append(Segment(end_s, stretches[number + 1][0], x, x + pause_px[number], compressed=True))
            x += pause_px[number]
    return Axis(tuple(segments))


def _clusters(instants_s: list[float]) -> list[list[float]]:
    apart_s = max(_SPLIT_AT_LEAST_S, _SPLIT_SHARE * (instants_s[-1] - instants_s[0]))
    clusters = [[instants_s[0]]]
    for at_s in instants_s[1:]:
        if at_s - clusters[-1][-1] > apart_s:
            clusters.append([])
        clusters[-1].append(at_s)
    while len(clusters) > _MAX_CLUSTERS:
        pauses = [right[0] - left[-1] for left, right in pairwise(clusters)]
        shortest = pauses.index(min(pauses))
        clusters[shortest : shortest + 2] = [clusters[shortest] + clusters[shortest + 1]]
    return clusters


def _padded(cluster: list[float]) -> list[float]:
    pad_s = max(_PAD_AT_LEAST_S, _PAD_SHARE * (cluster[-1] - cluster[0]))
    return [cluster[0] - pad_s, cluster[-1] + pad_s]


def _close(stretches: list[list[float]], width_px: float) -> None:
    """No pause where it would be shorter, at the scale of the stretches beside it, than a compressed one is wide."""
    stretch_px = width_px * (1 - _COMPRESSED_SHARE) / len(stretches)
    for left, right in pairwise(stretches):
        s_per_px = max(end - start for start, end in (left, right)) / stretch_px
        if right[0] - left[1] < _COMPRESSED_PX * s_per_px:
            left[1] = right[0] = (left[1] + right[0]) / 2


def _pause_widths(pauses_s: list[float], width_px: float) -> list[float]:
    if not pauses_s:
        return []
    roots = [math.sqrt(max(0.0, p)) for p in pauses_s]
    room_px = max(0.0, width_px * _COMPRESSED_SHARE - _COMPRESSED_PX * len(pauses_s))
    return [
        _COMPRESSED_PX + room_px * root / (sum(roots) or 1) if p > 0 else 0.0
        for root, p in zip(roots, pauses_s, strict=True)
    ]


def _ticks(segment: Segment) -> list[Tick]:
    step_s = _step(segment)
    decimals = max(0, -math.floor(math.log10(step_s) + 1e-9))
    first = math.ceil(segment.from_s / step_s - 1e-9)
    last = math.floor(segment.to_s / step_s + 1e-9)
    found = []
    for number in range(first, last + 1):
        at_s = number * step_s
        x_px = segment.px(at_s)
        if segment.from_px + _LABEL_HALF_PX <= x_px <= segment.to_px - _LABEL_HALF_PX:
            found.append(Tick(x_px, f"{at_s + 0.0:.{decimals}f}" if number else "0"))
    return found


def _step(segment: Segment) -> float:
    """1, 2 or 5 times a power of ten."""
    least_s = (segment.to_s - segment.from_s) * _TICK_PX / segment.width_px
    power = 10.0 ** math.floor(math.log10(least_s))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least_s * (1 - 1e-9))
