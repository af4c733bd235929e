"""What was done to the cluster, each a bar: the faults, and the changes of a method that are no fault of a pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.analysis.claims import UnmeasuredError
from chaos.analysis.notes import notes
from chaos.analysis.reading import Reading
from chaos.experiment.common_notes import Change
from chaos.model import FaultWindow
from chaos.report.timeline.stretches import Lane, Stretch, Zero

FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that was done.

    Attributes:
        ended_ns: when its time was over: of a fault the end of its trial, of a change its acceptance.
        replaces: whether pods were to be replaced by it.
    """

    label: str
    sent_ns: int
    accepted_ns: int | None
    ended_ns: int
    replaces: bool = False

    @property
    def told_ns(self) -> int:
        """The instant to name it by."""
        return self.sent_ns if self.accepted_ns is None else self.accepted_ns


def actions(reading: Reading) -> list[Action]:
    """All of a run, in the order of their requests."""
    faults = [Action(_label(f), f.sent_ns, f.accepted_ns, _end_ns(reading, f), f.replaces) for f in reading.faults]
    changes = [Action(c.step, c.sent_ns, c.accepted_ns, c.accepted_ns) for c in _changes(reading)]
    return sorted([*faults, *changes], key=lambda action: action.sent_ns)


def action_lanes(done: Iterable[Action], zero: Zero, from_s: float, to_s: float) -> list[Lane]:
    """One lane for each thing that was done between two instants, however often it was."""
    lanes: dict[str, Lane] = {}
    for action in done:
        begin_s, stop_s = zero.seconds(action.sent_ns), zero.seconds(action.ended_ns)
        if stop_s < from_s or begin_s > to_s:
            continue
        before = lanes.get(action.label, Lane("action", action.label, ()))
        marks = () if action.accepted_ns is None else ((begin_s, zero.seconds(action.accepted_ns)),)
        stretch = Stretch(begin_s, stop_s, FAULT)
        lanes[action.label] = Lane("action", action.label, (*before.stretches, stretch), (*before.marks, *marks))
    return list(lanes.values())


def _label(fault: FaultWindow) -> str:
    """Name and targets, or what else it is about; where it was not accepted, what became of it."""
    told = "" if fault.outcome == "accepted" else f" ({fault.outcome})"
    return fault.label + told


def _end_ns(reading: Reading, fault: FaultWindow) -> int:
    """The end of its time; of a run that was cut short, what was recorded last."""
    return fault.ended_ns if fault.ended_ns is not None else max(reading.last_received_ns, fault.sent_ns)


def _changes(reading: Reading) -> list[Change]:
    try:
        return notes(reading, Change)
    except UnmeasuredError:  # of another version of the experiment
        return []
