"""How the findings about single trials become one verdict."""

from __future__ import annotations

from chaos.analysis.reading import Reading
from chaos.analysis.trials import Trial, no_effect, trials


def judged_trials(reading: Reading) -> tuple[list[Trial], list[str]]:
    """The trials whose fault took effect, and why the others cannot be judged."""
    good, reasons = [], []
    for trial in trials(reading):
        reason = no_effect(trial)
        if reason:
            reasons.append(f"trial {trial.number}: {reason}")
        else:
            good.append(trial)
    reasons += [f"trial {f.trial}: the fault was {f.outcome}" for f in reading.faults if f.accepted_ns is None]
    if not good and not reasons:
        reasons.append("there was no trial")
    return good, reasons
