"""What a run's exit code is."""

from __future__ import annotations

from chaos.errors import ChaosError
from chaos.model import Verdict, VerdictOutcome

# design.md, "Exit codes": when several apply, the first of these wins.
PRECEDENCE = (2, 5, 130, 3, 1, 4, 0)
INTERRUPTED = 130


def exit_code(verdicts: list[Verdict], status: str, error: ChaosError | None, rollback_failed: bool) -> int:
    """The exit code of a run.

    Args:
        verdicts: of all checkers.
        status: of the history.
        error: what ended the run early.
        rollback_failed: whether something is left in the cluster.
    """
    codes = set()
    if rollback_failed:
        codes.add(5)
    if status == "interrupted":
        codes.add(INTERRUPTED)
    if error is not None and error.exit_code != 1:  # a steady state that was missed is judged by the checkers
        codes.add(error.exit_code)
    outcomes = {verdict.outcome for verdict in verdicts}
    if VerdictOutcome.FAIL in outcomes:
        codes.add(1)
    if VerdictOutcome.UNKNOWN in outcomes or not verdicts:
        codes.add(4)
    codes.add(0)
    return next(code for code in PRECEDENCE if code in codes)
