"""The lanes of a run in which no pod was to be replaced: what was done, the pods, the names and clients watched."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from chaos.analysis.reading import Reading, Sample
from chaos.analysis.transitions import tells
from chaos.model import Series
from chaos.model.outcome import DNS_PRESENT, OK
from chaos.report.timeline.actions import action_lanes, actions
from chaos.report.timeline.stretches import ABSENT, RIGHT, UNKNOWN, Lane, Zero, merge, pod_stretches, short_view
from chaos.report.watched import watched_series

# More lanes than these make the picture unreadable; those that changed most often stay.
_SHOWN = 18


def run_lanes(reading: Reading, zero: Zero, from_s: float, to_s: float) -> list[Lane]:
    """All lanes of a run, from top to bottom."""
    return [
        *action_lanes(actions(reading), zero, from_s, to_s),
        *pod_lanes(reading, zero, from_s, to_s),
        *watched_lanes(reading, zero),
    ]


def pod_lanes(reading: Reading, zero: Zero, from_s: float, to_s: float) -> Iterable[Lane]:
    """The pods that are probed or that a fault named."""
    until_ns = zero.at_ns + round(to_s * 1e9)
    named = {target.name for fault in reading.faults for target in fault.targets}
    for name in sorted({series.pod for series in reading.series if series.pod} | named):
        yield Lane("pod", name, tuple(pod_stretches(reading, name, until_ns, zero, from_s, to_s)))


def watched_lanes(reading: Reading, zero: Zero) -> list[Lane]:
    """Names and clients that were watched."""
    found = []
    for series in watched_series(reading):
        stretches = tuple(merge(reading, sorted(reading.samples(series)), zero, partial(_state, series), (series,)))
        if stretches:
            found.append(Lane("watched", _label(reading, series), stretches))
    kept = sorted(found, key=lambda lane: -len(lane.stretches))[:_SHOWN]
    return [lane for lane in found if lane in kept]


def _label(reading: Reading, series: Series) -> str:
    """What is asked, and of whom; the run's namespace goes without saying, and the cluster DNS address likewise."""
    record = f"{series.probe} {series.record}".removeprefix("dns ").removeprefix("lookup ")
    if namespace := reading.meta.target.get("namespace"):
        record = record.replace(f".{namespace}", "")
    return record if series.view in ("", "service") else f"{record} @ {short_view(series.view)}"


def _state(series: Series, sample: Sample) -> str:
    outcome = sample.outcome
    if not outcome.says_something or not tells(series, outcome):
        return UNKNOWN
    return RIGHT if outcome.status == OK or outcome.status in DNS_PRESENT else ABSENT
