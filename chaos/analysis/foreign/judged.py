"""All that somebody else did in a run, and what it leaves to be said of it."""

from __future__ import annotations

from dataclasses import replace

from chaos.analysis.claims import UNJUDGED
from chaos.analysis.foreign.change import Foreign
from chaos.analysis.foreign.ends import of_claims, of_pods
from chaos.analysis.foreign.objects import of_namespace, of_services, of_statefulsets
from chaos.analysis.foreign.wrote import Wrote
from chaos.analysis.reading import Reading, once
from chaos.analysis.units import count, seconds
from chaos.model import Verdict, VerdictOutcome

_SHOWN = 3
# Checkers whose evidence ends with the last trial; all others may use what came later.
_END_WITH_TRIALS = frozenset({"fault-took-effect", "steady-state", "identity-kept", "recovered-within"})


@once
def foreign_changes(reading: Reading) -> list[Foreign]:
    """All of them, in the order in which they were seen."""
    wrote = Wrote(reading)
    if not wrote:
        return []
    found = [
        *of_statefulsets(reading, wrote),
        *of_services(reading, wrote),
        *of_pods(reading, wrote),
        *of_claims(reading, wrote),
        *of_namespace(reading),
    ]
    return sorted(found, key=lambda change: change.at_ns)


def judged_alone(reading: Reading, verdict: Verdict) -> Verdict:
    """The verdict; `unknown`, with who changed what, where somebody else changed the target in the time it judges."""
    until_ns = _judged_until_ns(reading, verdict.checker)
    mine = [change for change in foreign_changes(reading) if until_ns is None or change.at_ns <= until_ns]
    if not mine:
        return verdict
    besides = f" Besides: {verdict.text.removeprefix(UNJUDGED)}" if verdict.outcome is VerdictOutcome.UNKNOWN else ""
    text = f"{UNJUDGED}{_told(reading, mine)}.{besides}"
    return replace(verdict, outcome=VerdictOutcome.UNKNOWN, text=text, evidence=("events.jsonl",))


def not_alone(reading: Reading) -> str:
    """The same for sentences about the run as a whole: who changed what; empty where nobody else did."""
    found = foreign_changes(reading)
    return _told(reading, found) if found else ""


def _told(reading: Reading, changes: list[Foreign]) -> str:
    """Who changed what and when, as half a sentence."""
    shown = "; ".join(f"{change.what} ({_when(reading, change.at_ns)})" for change in changes[:_SHOWN])
    more = f"; and {count(len(changes) - _SHOWN)} more" if len(changes) > _SHOWN else ""
    return f"what was measured was changed by somebody else: {shown}{more}"


def _when(reading: Reading, at_ns: int) -> str:
    text = f"seen at {reading.wall_text(at_ns)}"
    for fault in reversed(reading.faults):
        if fault.accepted_ns is not None and fault.holds(at_ns):
            return f"{text}, {seconds(max(0, at_ns - fault.accepted_ns))} into trial {fault.trial}"
    return text


def _judged_until_ns(reading: Reading, checker: str) -> int | None:
    """The end of what a checker looks at; None: all there is."""
    ends = [fault.ended_ns for fault in reading.faults]
    if checker not in _END_WITH_TRIALS or not ends or None in ends:
        return None
    return max(end for end in ends if end is not None)
