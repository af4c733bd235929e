"""What a run's exit code is."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.errors import ChaosError
from chaos.model import Verdict, VerdictOutcome

# design.md, "Exit codes": when several apply, the first of these wins.
PRECEDENCE = (2, 5, 130, 3, 1, 4, 0)
INTERRUPTED = 130


def worst(errors: Sequence[ChaosError]) -> int:
    """The exit code of several errors; 0 without any."""
    codes = {0, *(error.exit_code for error in errors)}
    return next(code for code in PRECEDENCE if code in codes)


def exit_code(verdicts: list[Verdict], status: str, errors: Sequence[ChaosError], rollback_failed: bool) -> int:
    """The exit code of a run.

    Args:
        verdicts: of all checkers.
        status: of the history.
        errors: what ended the run early, or kept its report from being written.
        rollback_failed: whether something is left in the cluster.
    """
    codes = {0, *(error.exit_code for error in errors)}
    if rollback_failed:
        codes.add(5)
    if status == "interrupted":
        codes.add(INTERRUPTED)
    outcomes = {verdict.outcome for verdict in verdicts}
    if VerdictOutcome.FAIL in outcomes:
        codes.add(1)
    if VerdictOutcome.UNKNOWN in outcomes or not verdicts or status == "incomplete":
        codes.add(4)
    return next(code for code in PRECEDENCE if code in codes)
