"""Did every fault do what it was meant to do? Without that, nothing else can be judged."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.analysis.trials import no_effect, not_replaced, trials
from chaos.model import FaultWindow, History, Verdict, VerdictOutcome

NAME = "fault-took-effect"


def fault_took_effect(history: History) -> Verdict:
    """`ok` where each fault was accepted and the watch showed what it did to each of its pods; else `unknown`.

    Of a fault that replaces its pods that is the beginning of their deletion, of another one any change of theirs.
    """
    if not history.faults:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "No fault was injected.")
    problems = [
        f"trial {f.trial}: {f.fault} was {f.outcome}{f' ({f.detail})' if f.detail else ''}"
        for f in history.faults
        if f.accepted_ns is None
    ]
    found = trials(history)
    problems += [f"trial {t.number}: {reason}" for t in found if (reason := no_effect(t))]
    others = [f for f in history.faults if f.accepted_ns is not None and not f.replaces]
    problems += [
        f"trial {f.trial}: no event of {t.name} was seen after {f.fault}"
        for f in others
        for t in f.targets
        if not _changed(history, f, t.name)
    ]
    if problems:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "; ".join(problems) + ".", ("events.jsonl",))
    number = len(history.faults)
    said = [f"{number} of {number} faults took effect"]
    if found:
        replaced = sum(not not_replaced(t) for t in found)
        said.append(
            f"the deletion of each target was seen to begin, and {replaced} of {len(found)} had a Ready successor with "
            "a new UID by the end of the trial"
        )
    if others:
        said.append(
            f"{', '.join(_injected(others))} replaced nobody and {'was' if len(others) == 1 else 'were'} accepted"
        )
    return Verdict(
        NAME, VerdictOutcome.OK, f"{said[0]}: {'; '.join(said[1:])}.", ("run.json faults", "report.md stages")
    )


def _changed(history: History, fault: FaultWindow, pod: str) -> bool:
    return any(e.kind == "Pod" and e.name == pod and fault.holds(e.at_ns) for e in history.events)


def _injected(faults: Iterable[FaultWindow]) -> Iterable[str]:
    """What was done to whom, each once."""
    return dict.fromkeys(f"{f.fault} {', '.join(t.name for t in f.targets)}".strip() for f in faults)
