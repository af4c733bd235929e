"""Exit codes and result lines: the worst thing that happened, in the order of the design."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from chaos.engine.conclusion import PRECEDENCE, ending_of, exit_code
from chaos.engine.shortening import first_statement
from chaos.engine.total import ExperimentResult, total_of
from chaos.errors import ApiError, BlastRadiusError, ChaosError, InconclusiveError, SteadyStateError
from chaos.model import History, RunMeta, RunOutcome, Verdict, VerdictOutcome
from tests.histories import pod_replacement

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


def line(*verdicts: Verdict, status: Any = "complete", simulated: Any = False, **measurement: Any) -> tuple[str, int]:
    """Result line and exit code."""
    meta = RunMeta("e", simulated, datetime(2026, 1, 1, tzinfo=UTC), measurement=measurement)
    ending = ending_of(History(meta, status), list(verdicts))
    assert ending.line.startswith(ending.outcome.word)
    return ending.line, ending.exit_code


TWICE = Verdict("single-identity", VerdictOutcome.FAIL, "two web-1 answered for 0.7 to 0.9 s; trial 2: (a; b).")
LOST = {"ended_early": "the API server was lost. It is gone.", "ended_early_exit_code": 3}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (line(OK, OK), ("HELD: 2 of 2 checks", 0)),
        (line(OK, simulated=True), ("HELD (simulated): 1 of 1 check", 0)),
        (
            line(OK, TWICE),
            ("FAILED: 1 of 2 checks (single-identity): two web-1 answered for 0.7 to 0.9 s …", 1),
        ),
        (line(FAIL, UNKNOWN, FAIL, OK), ("FAILED: 2 of 4 checks (c, c), 1 unknown: s", 1)),
        (line(OK, UNKNOWN, UNKNOWN), ("INCONCLUSIVE: 2 of 3 checks unknown (c, c)", 4)),
        (
            line(OK, UNKNOWN, status="incomplete", **LOST),
            ("INCONCLUSIVE: 1 of 2 checks unknown (c): the API server was lost …", 3),
        ),
        (line(FAIL, **LOST), ("FAILED: 1 of 1 check (c): s; ended early: the API server was lost …", 3)),
        (line(OK, **LOST), ("INCONCLUSIVE: 1 of 1 check held: the API server was lost …", 3)),
        (line(OK, status="incomplete"), ("INCONCLUSIVE: 1 of 1 check held: the run did not come to its end", 4)),
        (line(), ("INCONCLUSIVE: no check was made", 4)),
        (line(OK, ended_early="never steady", ended_early_exit_code=1), ("FAILED: 1 of 1 check held: never steady", 1)),
        (
            line(OK, FAIL, UNKNOWN, status="interrupted"),
            ("INTERRUPTED: 1 of 3 checks held, 1 failed (c), 1 unknown (c)", 130),
        ),
        (line(OK, not_undone=["x is left"]), ("NOT UNDONE: x is left; 1 of 1 check held", 5)),
        (
            line(FAIL, status="interrupted", simulated=True, not_undone=["x is left", "y"]),
            ("NOT UNDONE (simulated): x is left; and 1 more; 0 of 1 check held, 1 failed (c)", 5),
        ),
    ],
)
def test_the_result_line_says_the_weightiest_and_why(found: tuple[str, int], expected: tuple[str, int]) -> None:
    assert found == expected


def test_the_line_and_the_exit_code_agree_for_everything_that_can_happen() -> None:
    """HELD and 0 go together, whatever else is there."""
    endings = itertools.product(
        ([], [OK], [OK, FAIL], [OK, UNKNOWN], [FAIL, UNKNOWN]),
        ("complete", "incomplete", "interrupted"),
        ({}, {"ended_early": "x", "ended_early_exit_code": 3}, {"ended_early": "x", "ended_early_exit_code": 1}),
        ({}, {"not_undone": ["y"]}),
    )
    for verdicts, status, early, left in endings:
        said, code = line(*verdicts, status=status, **early, **left)
        assert (code == 0) == said.startswith("HELD")
        assert (code == 5) <= said.startswith("NOT UNDONE")
        assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One thing.", "One thing"),
        ("One thing.\n Another.", "One thing …"),
        ("took 1.5 s. of it", "took 1.5 s. of it"),
        ("a (b; c. D); e", "a (b; c. D) …"),
        ("never ( closed; so whole. All", "never ( closed; so whole. All"),
        ("", ""),
    ],
)
def test_a_text_is_cut_only_where_a_statement_ends(text: str, first: str) -> None:
    assert first_statement(text) == first


def test_a_total_names_all_that_did_not_hold_with_the_reasons() -> None:
    held = [ExperimentResult(name, "held", 0) for name in "ab"]
    skipped = ExperimentResult("cache-cluster", "skipped", None, "real clusters only")
    total = total_of([*held, skipped], simulated=True)
    assert (total.line, total.exit_code) == (
        "HELD (simulated): 2 of 3 experiments; 1 skipped (cache-cluster: real clusters only)",
        0,
    )
    failed, refused = ExperimentResult("c", "failed", 1), ExperimentResult("d", "not-run", 3, "no such\nnamespace")
    total = total_of(
        [*held, failed, refused, skipped, ExperimentResult("e", "skipped", None, "real clusters only")], simulated=False
    )
    assert (total.line, total.exit_code) == (
        (
            "FAILED: 2 of 6 experiments held; 1 failed (c); 1 not run (d: no such namespace); "
            "2 skipped (cache-cluster, e: real clusters only)"
        ),
        3,
    )


def test_where_nothing_was_run_nothing_held() -> None:
    total = total_of([ExperimentResult("a", "skipped", None, "why")], simulated=False)
    assert (total.line, total.exit_code) == ("INCONCLUSIVE: 0 of 1 experiment held; 1 skipped (a: why)", 4)
    total = total_of([ExperimentResult("a", "held", 0), ExperimentResult("b", "not-run", 3, "why")], simulated=False)
    assert total.outcome == "inconclusive"


def test_what_could_not_be_undone_in_the_middle_and_was_at_the_end_is_not_left() -> None:
    """A method's own `put_back` may fail, and the rollback succeed."""
    history = pod_replacement()
    history.meta.measurement |= {"ended_early": "web was changed by somebody else", "ended_early_exit_code": 5}
    ended = ending_of(history, [])
    assert (ended.outcome, ended.exit_code) == (RunOutcome.INCONCLUSIVE, 4)
    assert "web was changed by somebody else" in ended.line
