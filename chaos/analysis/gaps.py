"""What a watch did not tell, or told late: nothing follows from silence in a gap, and its instants are upper bounds."""

from __future__ import annotations

from chaos.model import History, Verdict, VerdictOutcome, WatchGap

_NS_PER_S = 1_000_000_000
_SHOWN = 2


def gap_at(gaps: list[WatchGap] | tuple[WatchGap, ...], kind: str, at_ns: int) -> WatchGap | None:
    """The gap of a kind that an instant falls into: what was seen then may have happened at any time in it."""
    return next((gap for gap in gaps if gap.kind == kind and gap.from_ns <= at_ns <= gap.to_ns), None)


def not_told_in_time(history: History) -> str:
    """Which watches told something late or left something out since the first fault, as half a sentence; else empty.

    For what compares events with each other or with samples in ways that are not known here, such as an experiment's
    own checkers. A gap in which nothing came says nothing wrong.
    """
    since_ns = min((fault.sent_ns for fault in history.faults), default=0)
    found = [
        gap
        for gap in history.gaps
        if gap.to_ns >= since_ns
        and any(e.kind == gap.kind and not e.initial and gap.from_ns <= e.at_ns <= gap.to_ns for e in history.events)
    ]
    if not found:
        return ""
    spans = [f"of {g.kind} from {g.from_ns / _NS_PER_S:.1f} to {g.to_ns / _NS_PER_S:.1f} s" for g in found]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"the watch was disturbed ({', '.join(spans[:_SHOWN])}{more}), so what happened when is not known"


def judged_in_time(history: History, verdict: Verdict) -> Verdict:
    """The verdict of an experiment's own checker; `unknown` where a watch was disturbed in the time of the faults."""
    why = not_told_in_time(history)
    if not why or verdict.outcome is VerdictOutcome.UNKNOWN:
        return verdict
    return Verdict(verdict.checker, VerdictOutcome.UNKNOWN, f"Cannot be judged: {why}.", ("events.jsonl",))
