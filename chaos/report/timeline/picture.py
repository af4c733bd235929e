"""The picture of one trial: lanes over a broken time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.trials import NS_PER_S
from chaos.report.rendering import render
from chaos.report.timeline.axis import Axis, axis
from chaos.report.timeline.lanes import Lane, lanes

_WIDTH_PX = 1000
_LEFT_PX = 210
_RIGHT_PX = 984
_TOP_PX = 100
_LANE_PX = 20
_LANE_GAP_PX = 5
_GROUP_GAP_PX = 24
_LABEL_CHARS = 29
_NUMBER_PX = 17  # room that a numbered flag takes
_LETTER_PX = 6.2
_GROUPS = {"pod": "Pod objects (watch)", "dns": "DNS answers by view", "client": "Clients"}
_SHOWN = ("accepted", "endpoint-not-ready", "old-stopped", "old-gone", "created", "ready", "endpoint-ready", "http")
_DNS = ("dns-lost", "dns-back")


@dataclass(frozen=True, slots=True)
class _Flag:
    number: int
    x_px: float
    row: int
    label: str
    at: str
    zero: bool


def timeline_svg(reading: Reading) -> str:
    """The slowest trial (not recovered counts as slowest) as an SVG document.

    Where no DNS server was asked for the pods' names, a client's first right answer stands for the recovery.
    """
    found = timelines(reading)
    if not found:
        return render("empty.svg.j2", width=_WIDTH_PX, simulated=reading.meta.simulated)
    chosen = max(found, key=_slowness)
    return _draw(reading, chosen, _which(chosen, found))


def _back_ns(line: Timeline) -> int | None:
    return line.at("dns-back" if _asked_dns(line) else "http")


def _asked_dns(line: Timeline) -> bool:
    return any(boundary.key == "dns-back" for boundary in line.boundaries)


def _slowness(line: Timeline) -> tuple[bool, int, int]:
    back_ns = _back_ns(line)
    return back_ns is None, 0 if back_ns is None else back_ns - line.trial.accepted_ns, -line.trial.number


def _which(line: Timeline, found: list[Timeline]) -> str:
    if len(found) == 1:
        return "the only replacement"
    if _back_ns(line) is None:
        how = "recover in every view" if _asked_dns(line) else "answer again"
        return f"of {len(found)} replacements one that did not {how}"
    return f"the slowest of {len(found)} replacements"


def _draw(reading: Reading, line: Timeline, which: str) -> str:
    trial = line.trial
    instants = [
        trial.seconds(b.before_ns) for b in line.boundaries if b.before_ns is not None and b.key in (*_SHOWN, *_DNS)
    ]
    if _back_ns(line) is None:
        instants.append(trial.seconds(trial.end_ns))
    time = axis([0.0, *instants], _LEFT_PX, _RIGHT_PX)
    rows, height_px = _rows(lanes(reading, trial, time.from_s, time.to_s), time)
    flags = _flags(line, time)
    return render(
        "timeline.svg.j2",
        width=_WIDTH_PX,
        left=_LEFT_PX,
        right=_RIGHT_PX,
        top=_TOP_PX,
        bottom=height_px,
        flag_top=58,
        title=f"{trial.target.name}, trial {trial.number}: {trial.fault.fault} ({which})",
        simulated=reading.meta.simulated,
        description=_description(line),
        segments=time.segments,
        ticks=time.ticks(),
        rows=rows,
        flags=flags,
        zero_px=time.px(0.0),
    )


def _rows(found: list[Lane], time: Axis) -> tuple[list[dict[str, Any]], float]:
    rows: list[dict[str, Any]] = []
    y_px, group = float(_TOP_PX), ""
    for lane in found:
        heading = ""
        if lane.group != group:
            group, heading = lane.group, _GROUPS[lane.group]
            y_px += _GROUP_GAP_PX
        rows.append(
            {
                "y": y_px,
                "height": _LANE_PX,
                "heading": heading,
                "label": _shorten(lane.label),
                "full_label": lane.label,
                "boxes": _boxes(lane, time),
                "marks": [(time.px(a), time.px(b)) for a, b in lane.marks if b >= time.from_s],
            }
        )
        y_px += _LANE_PX + _LANE_GAP_PX
    return rows, y_px


def _boxes(lane: Lane, time: Axis) -> list[dict[str, Any]]:
    boxes = []
    for stretch in lane.stretches:
        left, right = time.px(max(stretch.from_s, time.from_s)), time.px(min(stretch.to_s, time.to_s))
        if stretch.to_s < time.from_s or stretch.from_s > time.to_s:
            continue
        width = max(right - left, 0.6)
        fits = len(stretch.label) * _LETTER_PX + 6 < width
        tip = f"{stretch.state} {stretch.from_s:.3f} s to {stretch.to_s:.3f} s"
        boxes.append(
            {"x": left, "width": width, "state": stretch.state, "label": stretch.label if fits else "", "tip": tip}
        )
    return boxes


def _flags(line: Timeline, time: Axis) -> list[_Flag]:
    """Numbered lines at the key boundaries; flags that would overlap go to another row."""
    shown = [b for b in line.boundaries if b.key in _SHOWN and b.before_ns is not None]
    shown.sort(key=lambda b: b.before_ns or 0)
    flags: list[_Flag] = []
    row_ends: list[float] = []
    for number, boundary in enumerate(shown, 1):
        at_s = ((boundary.before_ns or 0) - line.trial.accepted_ns) / NS_PER_S
        x_px = time.px(at_s)
        row = next((r for r, end in enumerate(row_ends) if x_px - end >= _NUMBER_PX), len(row_ends))
        row_ends[row:] = [x_px, *row_ends[row + 1 :]]
        flags.append(_Flag(number, x_px, row, boundary.label, f"{at_s:.3f} s", boundary.key == "accepted"))
    return flags


def _description(line: Timeline) -> str:
    seconds = line.trial.seconds
    seen = [f"{b.label} {seconds(b.before_ns):.3f} s" for b in line.boundaries if b.before_ns is not None]
    return f"Seconds since the deletion was accepted, upper bounds: {'; '.join(seen)}."


def _shorten(label: str) -> str:
    if len(label) <= _LABEL_CHARS:
        return label
    keep = (_LABEL_CHARS - 1) // 2
    return f"{label[:keep]}…{label[-keep:]}"
