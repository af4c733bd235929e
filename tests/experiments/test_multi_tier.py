"""multi-tier on the sandbox: who reaches whom, what policies and failures change, and that its checkers can fail."""

import copy
from typing import Any

import pytest

from chaos.experiment import History, Options, find_experiment
from tests.sandboxed import run_sandboxed

EXPERIMENT = find_experiment("multi-tier")
OWN = (
    "tiers-are-connected",
    "routing-is-by-role",
    "names-are-found",
    "policies-hold-or-not",
    "failures-heal",
)
KEYS = ("tiers-connected", "tiers-routing", "tiers-discovery", "tiers-failures", "tiers-decisions")
FORBIDDEN = (
    ("data", "api"),
    ("web", "data-primary"),
    ("web", "data-replicas"),
    ("web", "data-0"),
    ("web", "data-1"),
    ("web", "data-2"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> History:
    options = Options(max_qps=None, period_s=0.05)
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options, experiment=EXPERIMENT).result
    assert result.error is None
    assert not result.leftovers
    return result.history


@pytest.fixture
def history(whole: History) -> History:
    return copy.deepcopy(whole)


def verdicts(history: History) -> dict[str, str]:
    found = [c(history) for c in EXPERIMENT.checkers if not isinstance(c, str)]
    return {one.checker: str(one.outcome) for one in found}


def said(history: History, key: str) -> str:
    return next(q for q in EXPERIMENT.questions if not isinstance(q, str) and q.key == key).answer(history)


def change(history: History, kind: str, where: dict[str, Any], **values: Any) -> None:
    """Give facts other values."""
    for _, what, details in history.marks:
        if what == kind and all(details.get(key) == value for key, value in where.items()):
            details.update(values)


def test_everything_is_as_the_design_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")


def test_each_criterion_is_answered_with_this_runs_numbers(history: History) -> None:
    assert "enforces NetworkPolicies: all 6 forbidden paths were blocked" in said(history, "tiers-connected")
    assert "40 connections to data-0 through data-primary" in said(history, "tiers-routing")
    assert "5 of 5 connections to them were blocked" in said(history, "tiers-discovery")
    assert "api to data-primary failed for at most" in said(history, "tiers-failures")
    assert "They are enforced on this cluster" in said(history, "tiers-decisions")


def test_a_path_that_the_design_needs_and_nobody_answers_fails(history: History) -> None:
    change(history, "matrix", {"phase": "without policies", "client": "web"}, api="- no answer within 3 s")
    assert verdicts(history)["tiers-are-connected"] == "fail"


def test_a_look_that_could_not_be_made_is_neither_an_outage_nor_a_block(history: History) -> None:
    for tier, target in FORBIDDEN:
        change(history, "matrix", {"client": tier}, **{target: "? wget ended with 139"})
    change(history, "matrix", {"client": "web"}, api="? wget ended with 139")
    found = verdicts(history)
    assert (found["tiers-are-connected"], found["policies-hold-or-not"]) == ("unknown", "unknown")
    assert found["failures-heal"] == "unknown"


def test_a_cluster_that_enforces_no_policy_is_said_to_do_so(history: History) -> None:
    for tier, target in FORBIDDEN:
        change(history, "matrix", {"phase": "with policies", "client": tier}, **{target: "somebody"})
    assert verdicts(history)["policies-hold-or-not"] == "ok"
    assert "does not enforce NetworkPolicies" in said(history, "tiers-connected")
    assert "finding a name is enough to use it" in said(history, "tiers-discovery")
    assert "nothing enforces them" in said(history, "tiers-decisions")


def test_policies_that_hold_here_and_not_there_fail(history: History) -> None:
    change(history, "matrix", {"phase": "with policies", "client": "web"}, **{"data-1": "data-1"})
    assert verdicts(history)["policies-hold-or-not"] == "fail"


def test_reads_that_reach_the_primary_fail(history: History) -> None:
    change(history, "routing", {"through": "data-replicas"}, answered={"data-1": 20, "data-0": 20})
    assert verdicts(history)["routing-is-by-role"] == "fail"


def test_a_row_that_never_arrives_fails(history: History) -> None:
    change(history, "write-read", {"row": "after", "read": "data-2.data"}, before_ms=None)
    assert verdicts(history)["failures-heal"] == "fail"


def test_a_name_that_is_not_found_fails(history: History) -> None:
    change(history, "lookup", {"asked": "data-2.data"}, code=1, addresses=[])
    assert verdicts(history)["names-are-found"] == "fail"


def test_a_run_that_did_not_come_so_far_says_so(history: History) -> None:
    history.marks = []
    assert set(verdicts(history).values()) == {"unknown"}
    assert [said(history, key) for key in KEYS] == [""] * len(KEYS)
