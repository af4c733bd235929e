"""The result of several runs: one word, one exit code, one line that names all but those that held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.engine.conclusion import weightiest
from chaos.engine.shortening import one_line
from chaos.errors import ChaosError, InconclusiveError
from chaos.model import Ending, RunOutcome

# Outcomes of experiments that did not run: an error came first, or `--all` leaves them out in this place.
NOT_RUN, SKIPPED = "not-run", "skipped"
_WORDS = {
    RunOutcome.NOT_UNDONE: "not undone",
    RunOutcome.INTERRUPTED: "interrupted",
    RunOutcome.ABORTED: "aborted",
    RunOutcome.FAILED: "failed",
    RunOutcome.INCONCLUSIVE: "inconclusive",
    NOT_RUN: "not run",
    SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """One experiment of several.

    Attributes:
        outcome: a `RunOutcome`, `NOT_RUN` or `SKIPPED`.
        exit_code: None where it was skipped.
        reason: why it was not run.
    """

    experiment: str
    outcome: str
    exit_code: int | None
    reason: str = ""


def total_of(parts: Sequence[ExperimentResult], *, simulated: bool, problem: ChaosError | None = None) -> Ending:
    """What they say together; what was skipped says nothing, and where all was, nothing is known.

    Args:
        parts: the experiments.
        simulated: whether they ran on the sandbox.
        problem: what kept their overview from being written.
    """
    outcome = _outcome({part.outcome for part in parts} | ({NOT_RUN} if problem else set()))
    codes = [part.exit_code for part in parts if part.exit_code is not None]
    codes += [problem.exit_code] if problem else []
    held = sum(part.outcome == RunOutcome.HELD for part in parts)
    said = f"{held} of {len(parts)} experiment{'' if len(parts) == 1 else 's'}"
    if outcome is not RunOutcome.HELD:
        said += " held"
    groups = [group for kind in _WORDS if (group := _group(parts, kind))]
    groups += [one_line(problem.message)] if problem else []
    line = f"{outcome.word}{' (simulated)' if simulated else ''}: {'; '.join([said, *groups])}"
    return Ending(outcome, weightiest(codes) if codes else InconclusiveError.exit_code, line)


def _outcome(found: set[str]) -> RunOutcome:
    for outcome in (RunOutcome.NOT_UNDONE, RunOutcome.INTERRUPTED, RunOutcome.FAILED):
        if outcome in found:
            return outcome
    return RunOutcome.HELD if found - {SKIPPED} == {RunOutcome.HELD} else RunOutcome.INCONCLUSIVE


def _group(parts: Sequence[ExperimentResult], kind: str) -> str:
    """Those of one kind, with the reasons that they share; empty without any."""
    names: dict[str, list[str]] = {}
    for part in parts:
        if part.outcome == kind:
            names.setdefault(one_line(part.reason), []).append(part.experiment)
    if not names:
        return ""
    listed = [", ".join(of) + (f": {reason}" if reason else "") for reason, of in names.items()]
    return f"{sum(map(len, names.values()))} {_WORDS[kind]} ({'; '.join(listed)})"
