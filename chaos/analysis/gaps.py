"""What a watch did not tell, or told late: nothing follows from silence in a gap, and its instants are upper bounds."""

from __future__ import annotations

from dataclasses import replace

from chaos.analysis.claims import UNJUDGED
from chaos.analysis.reading import Reading, once
from chaos.analysis.units import count, seconds
from chaos.model import Verdict, VerdictOutcome, WatchGap

_SHOWN = 2


def gap_at(gaps: list[WatchGap] | tuple[WatchGap, ...], kind: str, at_ns: int) -> WatchGap | None:
    """The gap of a kind that an instant falls into: what was seen then may have happened at any time in it."""
    return next((gap for gap in gaps if gap.kind == kind and gap.holds(at_ns, at_ns)), None)


@once
def not_told_in_time(reading: Reading) -> str:
    """Which watches told something late or left something out since the first fault, as half a sentence; else empty.

    For what compares events with each other or with samples in ways that are not known here, such as an experiment's
    own checkers. A gap in which nothing came says nothing wrong, where nothing of it was lost.
    """
    since_ns = min((fault.sent_ns for fault in reading.faults), default=0)
    found = [
        gap
        for gap in reading.gaps
        if gap.to_ns >= since_ns
        and (
            not gap.lossless
            or any(e.kind == gap.kind and not e.initial and gap.holds(e.at_ns, e.at_ns) for e in reading.events)
        )
    ]
    if not found:
        return ""
    spans = [f"of {g.kind} from {seconds(g.from_ns)} to {seconds(g.to_ns)}" for g in found]
    more = f" and {count(len(found) - _SHOWN)} more" if len(found) > _SHOWN else ""
    return f"the watch was disturbed ({', '.join(spans[:_SHOWN])}{more}), so what happened when is not known"


def judged_in_time(reading: Reading, verdict: Verdict) -> Verdict:
    """The verdict of an experiment's own checker; `unknown` where a watch was disturbed in the time of the faults."""
    why = not_told_in_time(reading)
    if not why or verdict.outcome is VerdictOutcome.UNKNOWN:
        return verdict
    return replace(verdict, outcome=VerdictOutcome.UNKNOWN, text=f"{UNJUDGED}{why}.", evidence=("events.jsonl",))
