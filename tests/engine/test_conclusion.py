"""Exit codes: the worst thing that happened, in the order of the design."""

import itertools

import pytest

from chaos.engine.conclusion import PRECEDENCE, exit_code
from chaos.errors import ApiError, BlastRadiusError, ChaosError, InconclusiveError, SteadyStateError
from chaos.model import Verdict, VerdictOutcome

OK, FAIL, UNKNOWN = (Verdict("c", outcome, "s") for outcome in VerdictOutcome)


@pytest.mark.parametrize(
    ("verdicts", "status", "error", "rollback_failed", "code"),
    [
        ([OK], "complete", None, False, 0),
        ([OK, FAIL, UNKNOWN], "complete", None, False, 1),
        ([OK, UNKNOWN], "complete", None, False, 4),
        ([], "complete", None, False, 4),
        ([OK], "complete", SteadyStateError("x", after_fault=True), False, 1),
        ([OK], "complete", SteadyStateError("x", after_fault=False), False, 4),
        ([OK], "incomplete", None, False, 4),
        ([OK], "incomplete", InconclusiveError("x"), False, 4),
        ([FAIL], "incomplete", ApiError("x"), False, 3),
        ([FAIL], "interrupted", None, False, 130),
        ([FAIL], "interrupted", None, True, 5),
        ([OK], "complete", None, True, 5),
        ([OK], "incomplete", BlastRadiusError("x"), True, 2),
    ],
)
def test_the_first_that_applies_wins(
    verdicts: list[Verdict], status: str, error: ChaosError | None, rollback_failed: bool, code: int
) -> None:
    assert exit_code(verdicts, status, [error] if error else [], rollback_failed) == code


def test_no_combination_of_anything_unknown_or_failed_exits_with_zero() -> None:
    """A pass that was not measured is the worst bug there can be."""
    for size in range(4):
        for verdicts in itertools.combinations_with_replacement((OK, FAIL, UNKNOWN), size):
            code = exit_code(list(verdicts), "complete", [], rollback_failed=False)
            assert (code == 0) == (bool(verdicts) and set(verdicts) == {OK})
            assert code in PRECEDENCE
