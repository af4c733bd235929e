"""What facts.md section 1 measured, as an order of events that every replacement must show."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.analysis.stages import Timeline, timelines
from chaos.cli.saved import load_run

# Watch arrivals and probes race by some milliseconds where events follow each other that closely.
_RACE_S = 0.25
# A connection into the void is known to have failed only after its timeout.
_PROBED = ("old-stopped",)


def timeline_of(folder: str, trial: int = 1) -> Timeline:
    """The time line of a saved run's trial."""
    return next(t for t in timelines(Reading(load_run(Path(folder)))) if t.trial.number == trial)


def at_s(timeline: Timeline, key: str) -> float:
    """Seconds from the accepted deletion to a boundary (of all views: the last)."""
    found = timeline.at(key)
    assert found is not None, f"{key} was not seen"
    return (found - timeline.trial.accepted_ns) / 1e9


def earliest_s(timeline: Timeline, key: str) -> float:
    """Seconds to the earliest instant at which a boundary may have been; what a watch showed, when it showed it."""
    if key not in _PROBED:
        return at_s(timeline, key)
    found = [b.interval.after_ns for b in timeline.boundaries if b.key == key and b.interval is not None]
    assert found, f"{key} was not seen"
    return (min(found) - timeline.trial.accepted_ns) / 1e9


def assert_order_of_facts(timeline: Timeline, grace_s: float) -> None:
    """The name goes at once; the old container serves until its grace is over; everything new comes after that."""
    assert at_s(timeline, "endpoint-not-ready") < _RACE_S
    assert at_s(timeline, "dns-lost") < _RACE_S + 0.25
    assert grace_s - _RACE_S < at_s(timeline, "old-stopped")
    assert earliest_s(timeline, "old-stopped") < grace_s + 3
    order = ["old-stopped", "old-gone", "created", "scheduled", "addressed", "ready", "dns-back", "stable"]
    for earlier, later in pairwise(order):
        before, after = earliest_s(timeline, earlier), at_s(timeline, later)
        assert before <= after + _RACE_S, f"{earlier} at {before:.3f} s came after {later} at {after:.3f} s"
    assert at_s(timeline, "http") - at_s(timeline, "dns-back") < 1 + _RACE_S
