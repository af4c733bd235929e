"""Did every fault do what it was meant to do? Without that, nothing else can be judged."""

from __future__ import annotations

from chaos.analysis.trials import no_effect, not_replaced, trials
from chaos.model import History, Verdict, VerdictOutcome

NAME = "fault-took-effect"


def fault_took_effect(history: History) -> Verdict:
    """`ok` where each fault was accepted and the deletion of each of its pods was seen to begin; else `unknown`."""
    if not history.faults:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "No fault was injected.")
    problems = [
        f"trial {f.trial}: {f.fault} was {f.outcome}{f' ({f.detail})' if f.detail else ''}"
        for f in history.faults
        if f.accepted_ns is None
    ]
    found = trials(history)
    problems += [f"trial {t.number}: {reason}" for t in found if (reason := no_effect(t))]
    if problems:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "; ".join(problems) + ".", ("events.jsonl",))
    if not found:
        return Verdict(NAME, VerdictOutcome.UNKNOWN, "No fault had a target.")
    number = len(history.faults)
    replaced = sum(not not_replaced(t) for t in found)
    summary = (
        f"{number} of {number} faults took effect: the deletion of each target was seen to begin, and "
        f"{replaced} of {len(found)} had a Ready successor with a new UID by the end of the trial."
    )
    return Verdict(NAME, VerdictOutcome.OK, summary, ("run.json faults", "report.md stages"))
