"""The picture of one trial, or of a run that replaced no pod: lanes over a broken time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.stages import Timeline, timelines
from chaos.analysis.trials import Trial
from chaos.report.rendering import render
from chaos.report.slowest import asked_dns, back_ns, slowest
from chaos.report.timeline.actions import Action, actions
from chaos.report.timeline.axis import Axis, axis
from chaos.report.timeline.lanes import lanes, since_t0
from chaos.report.timeline.run_lanes import pod_lanes, run_lanes, watched_lanes
from chaos.report.timeline.stretches import Lane, Zero

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
_SHOWN_FLAGS = 16
_LASTING_SHARE = 0.01  # of the whole; what was seen for a shorter time makes no stretch of the axis
_GROUPS = {
    "action": "Faults and changes",
    "pod": "Pod objects (watch)",
    "dns": "DNS answers by view",
    "client": "Clients",
    "watched": "Names and clients watched",
}
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

    Where no DNS server was asked for the pods' names, a client's first right answer stands for the recovery. Where no
    pod was to be replaced, the whole run: what was done to the cluster, and what was watched meanwhile.
    """
    found = timelines(reading)
    if found:
        chosen = slowest(found)
        return _draw_trial(reading, chosen, _which(chosen, found))
    if is_drawn(reading):
        return _draw_run(reading, actions(reading))
    return render("empty.svg.j2", width=_WIDTH_PX, simulated=reading.meta.simulated)


def is_drawn(reading: Reading) -> bool:
    """Whether there is anything to see in the picture."""
    return bool(timelines(reading) or actions(reading))


def _which(line: Timeline, found: list[Timeline]) -> str:
    if len(found) == 1:
        return "the only replacement"
    if back_ns(line) is None:
        how = "not right again in every view" if asked_dns(line) else "no right answer again"
        return f"one of {len(found)} replacements, {how} in its time"
    return f"the slowest of {len(found)} replacements"


def _draw_trial(reading: Reading, line: Timeline, which: str) -> str:
    trial = line.trial
    instants = [
        trial.seconds(b.before_ns) for b in line.boundaries if b.before_ns is not None and b.key in (*_SHOWN, *_DNS)
    ]
    if back_ns(line) is None:
        instants.append(trial.seconds(trial.end_ns))
    time = axis([0.0, *instants], _LEFT_PX, _RIGHT_PX)
    return _draw(
        reading,
        time,
        lanes(reading, trial, time.from_s, time.to_s),
        _flags(line, time),
        since_t0(trial),
        title=f"{trial.target.name}, trial {trial.number}: {trial.fault.fault} ({which})",
        description=_description(line),
        since=trial.cause,
        outside=_outside(reading, trial, time),
    )


def _outside(reading: Reading, trial: Trial, time: Axis) -> str:
    """Faults that replaced nobody, and are over before the picture begins or begin after it."""
    found = [
        f"{action.label} at {trial.seconds(action.told_ns):.3f} s"
        for action in actions(reading)
        if not action.replaces
        and (trial.seconds(action.ended_ns) < time.from_s or trial.seconds(action.sent_ns) > time.to_s)
    ]
    return f"Not in the picture: {', '.join(found)}." if found else ""


def _draw_run(reading: Reading, done: list[Action]) -> str:
    zero = Zero(0, "the run began")
    instants = [zero.seconds(at_ns) for one in done for at_ns in (one.sent_ns, one.told_ns, one.ended_ns)]
    shown = [*pod_lanes(reading, zero, min(instants), max(instants)), *watched_lanes(reading, zero)]
    seen = [stretch for lane in shown for stretch in lane.stretches]
    whole_s = max([*instants, *(s.to_s for s in seen)]) - min(instants)
    instants += [s.from_s for s in seen if s.to_s - s.from_s > _LASTING_SHARE * whole_s and s.from_s > instants[0]]
    time = axis(instants, _LEFT_PX, _RIGHT_PX)
    flags = _placed([(action.label, zero.seconds(action.told_ns), False) for action in done[:_SHOWN_FLAGS]], time)
    return _draw(
        reading,
        time,
        run_lanes(reading, zero, time.from_s, time.to_s),
        flags,
        zero,
        title=f"{reading.meta.experiment}: what was done, and what was seen meanwhile",
        description=f"Seconds since the run began: {'; '.join(f'{flag.label} {flag.at}' for flag in flags)}.",
        since="the run began",
        outside="",
    )


def _draw(
    reading: Reading,
    time: Axis,
    found: list[Lane],
    flags: list[_Flag],
    zero: Zero,
    **texts: str,
) -> str:
    rows, height_px = _rows(found, time)
    return render(
        "timeline.svg.j2",
        width=_WIDTH_PX,
        left=_LEFT_PX,
        right=_RIGHT_PX,
        top=_TOP_PX,
        bottom=height_px,
        flag_top=58,
        zero_name=zero.name,
        simulated=reading.meta.simulated,
        segments=time.segments,
        ticks=time.ticks(),
        rows=rows,
        flags=flags,
        **texts,
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
                "label": shorten(lane.label),
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
    seconds = line.trial.seconds
    return _placed([(b.label, seconds(b.before_ns or 0), b.key == "accepted") for b in shown], time)


def _placed(named: list[tuple[str, float, bool]], time: Axis) -> list[_Flag]:
    """(label, second, whether it is t0), numbered in the order of time."""
    flags: list[_Flag] = []
    row_ends: list[float] = []
    for number, (label, at_s, zero) in enumerate(sorted(named, key=lambda one: one[1]), 1):
        x_px = time.px(at_s)
        row = next((r for r, end in enumerate(row_ends) if x_px - end >= _NUMBER_PX), len(row_ends))
        row_ends[row:] = [x_px, *row_ends[row + 1 :]]
        flags.append(_Flag(number, x_px, row, label, f"{at_s:.3f} s", zero))
    return flags


def _description(line: Timeline) -> str:
    seconds = line.trial.seconds
    seen = [f"{b.label} {seconds(b.before_ns):.3f} s" for b in line.boundaries if b.before_ns is not None]
    return f"Seconds since {line.trial.cause}, upper bounds: {'; '.join(seen)}."


def shorten(label: str) -> str:
    if len(label) <= _LABEL_CHARS:
        return label
    keep = (_LABEL_CHARS - 1) // 2
    return f"{label[:keep]}…{label[-keep:]}"
