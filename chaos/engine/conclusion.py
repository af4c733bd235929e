"""What a run's exit code is, and its result line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaos.analysis.foreign import not_alone
from chaos.analysis.reading import Reading
from chaos.engine.shortening import first_statement, one_line
from chaos.errors import ChaosError, RollbackError
from chaos.model import Ending, History, RunOutcome, Verdict, VerdictOutcome

# design.md, "Exit codes": when several apply, the first of these wins.
PRECEDENCE = (2, 5, 130, 3, 1, 4, 0)
INTERRUPTED = 130
_FAILED, _INCONCLUSIVE = 1, 4


def worst(errors: Sequence[ChaosError]) -> int:
    """The exit code of several errors; 0 without any."""
    return weightiest(error.exit_code for error in errors)


def weightiest(codes: Iterable[int]) -> int:
    """The one exit code of several; 0 without any."""
    found = {0, *codes}
    return next(code for code in PRECEDENCE if code in found)


def exit_code(verdicts: list[Verdict], status: str, errors: Sequence[ChaosError], rollback_failed: bool) -> int:
    """The exit code of a run.

    Args:
        verdicts: of all checkers.
        status: of the history.
        errors: what ended the run early, or kept its report from being written.
        rollback_failed: whether something is left in the cluster.
    """
    return weightiest(_codes(verdicts, status, [e.exit_code for e in errors], rollback_failed=rollback_failed))


def ending_of(history: History, verdicts: list[Verdict], problem: ChaosError | None = None) -> Ending:
    """How a run ended: a function of what it wrote down, so that judging it again later says the same.

    Args:
        history: of the run; its measurement says what ended it early and what was not undone.
        verdicts: of all checkers.
        problem: what kept its report from being written.
    """
    measurement = history.meta.measurement
    not_undone = [str(left) for left in measurement.get("not_undone") or ()]
    reasons = [str(measurement["ended_early"])] if measurement.get("ended_early") else []
    early = measurement.get("ended_early_exit_code", 0)
    if early == _FAILED and not_alone(Reading(history)):
        early = _INCONCLUSIVE  # somebody else changed the target: missing the steady state disproves nothing
    if early == RollbackError.exit_code and not not_undone:
        early = _INCONCLUSIVE  # what could not be undone during the run was undone at its end
    errors = [early if early in PRECEDENCE else _INCONCLUSIVE]
    if problem is not None:
        reasons.append(problem.message)
        errors.append(problem.exit_code)
    codes = _codes(verdicts, history.status, errors, rollback_failed=bool(not_undone))
    if measurement.get("after_hook_failed"):
        if codes == {0}:
            reasons.append(str(measurement["after_hook_failed"]))
        codes.add(_INCONCLUSIVE)
    aborted = bool(measurement.get("aborted"))
    if aborted:
        codes.discard(_FAILED)  # a run that was cut short might have held, so its failed checks do not count
    outcome = _outcome(codes, aborted=aborted)
    if history.status == "incomplete" and not reasons:
        reasons = ["the run did not come to its end"]
    said = _said(outcome, verdicts, reasons, not_undone)
    simulated = " (simulated)" if history.meta.simulated else ""
    return Ending(outcome, weightiest(codes), f"{outcome.word}{simulated}: {said}")


def _codes(verdicts: list[Verdict], status: str, errors: Iterable[int], *, rollback_failed: bool) -> set[int]:
    codes = {0, *errors}
    if rollback_failed:
        codes.add(RollbackError.exit_code)
    if status == "interrupted":
        codes.add(INTERRUPTED)
    outcomes = {verdict.outcome for verdict in verdicts}
    if VerdictOutcome.FAIL in outcomes:
        codes.add(_FAILED)
    if VerdictOutcome.UNKNOWN in outcomes or not verdicts or status == "incomplete":
        codes.add(_INCONCLUSIVE)
    return codes


def _outcome(codes: set[int], *, aborted: bool) -> RunOutcome:
    """The outcome of the exit codes that apply; a lost cluster (3) and a method that raised (2) are inconclusive."""
    for code, outcome in (
        (RollbackError.exit_code, RunOutcome.NOT_UNDONE),
        (INTERRUPTED, RunOutcome.INTERRUPTED),
        (_FAILED, RunOutcome.FAILED),
    ):
        if code in codes:
            return outcome
    if aborted:
        return RunOutcome.ABORTED
    return RunOutcome.INCONCLUSIVE if codes - {0} else RunOutcome.HELD


def _said(outcome: RunOutcome, verdicts: list[Verdict], reasons: list[str], not_undone: list[str]) -> str:
    """The rest of the result line, after the outcome's word."""
    ended = [first_statement(reason) for reason in reasons]
    if outcome is RunOutcome.HELD:
        return f"{len(verdicts)} of {_checks(verdicts)}"
    if outcome is RunOutcome.NOT_UNDONE:
        more = f"; and {len(not_undone) - 1} more" if len(not_undone) > 1 else ""
        return f"{first_statement(not_undone[0])}{more}; {_counts(verdicts)}"
    if outcome in (RunOutcome.INTERRUPTED, RunOutcome.ABORTED):
        return "; ".join([*ended, _counts(verdicts)])
    failed, unknown = (_of(verdicts, one) for one in (VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN))
    if failed:
        also = f", {len(unknown)} unknown" if unknown else ""
        why = "; ended early: ".join([first_statement(failed[0].summary), *ended])
        return f"{len(failed)} of {_checks(verdicts)} ({_names(failed)}){also}: {why}"
    if unknown:
        return ": ".join([f"{len(unknown)} of {_checks(verdicts)} unknown ({_names(unknown)})", *ended])
    return ": ".join([_counts(verdicts), *ended])


def _counts(verdicts: list[Verdict]) -> str:
    """How many checks held, failed and are unknown."""
    if not verdicts:
        return "no check was made"
    parts = [f"{len(_of(verdicts, VerdictOutcome.OK))} of {_checks(verdicts)} held"]
    for outcome, word in ((VerdictOutcome.FAIL, "failed"), (VerdictOutcome.UNKNOWN, "unknown")):
        if found := _of(verdicts, outcome):
            parts.append(f"{len(found)} {word} ({_names(found)})")
    return ", ".join(parts)


def _of(verdicts: list[Verdict], outcome: VerdictOutcome) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.outcome is outcome]


def _names(verdicts: list[Verdict]) -> str:
    return one_line(", ".join(verdict.checker for verdict in verdicts))


def _checks(verdicts: list[Verdict]) -> str:
    return f"{len(verdicts)} check{'' if len(verdicts) == 1 else 's'}"
