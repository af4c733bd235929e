"""How the findings about single trials become one verdict."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.analysis.trials import Trial, no_effect, trials
from chaos.model import History, Verdict, VerdictOutcome

# More than these are counted, not listed.
_SHOWN = 4


def judged_trials(history: History) -> tuple[list[Trial], list[str]]:
    """The trials whose fault took effect, and why the others cannot be judged."""
    good, reasons = [], []
    for trial in trials(history):
        reason = no_effect(trial)
        if reason:
            reasons.append(f"trial {trial.number}: {reason}")
        else:
            good.append(trial)
    reasons += [f"trial {f.trial}: the fault was {f.outcome}" for f in history.faults if f.accepted_ns is None]
    if not good and not reasons:
        reasons.append("there was no trial")
    return good, reasons


def combine(
    checker: str, *, failures: Sequence[str], unknowns: Sequence[str], success: str, evidence: tuple[str, ...]
) -> Verdict:
    """`fail` with any failure, else `unknown` with anything unknown, else `ok`."""
    if failures:
        return Verdict(checker, VerdictOutcome.FAIL, listed(failures), evidence)
    if unknowns:
        return Verdict(checker, VerdictOutcome.UNKNOWN, "Cannot be judged: " + listed(unknowns), evidence)
    return Verdict(checker, VerdictOutcome.OK, success, evidence)


def listed(reasons: Sequence[str]) -> str:
    """The first few as one sentence."""
    rest = len(reasons) - _SHOWN
    return "; ".join(reasons[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "") + "."
