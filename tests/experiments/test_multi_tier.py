"""multi-tier on the sandbox: who reaches whom, what policies and failures change, and that its checkers can fail."""

from functools import partial
from typing import Any

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("multi-tier")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
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


def change(history: History, kind: str, where: dict[str, Any], **values: Any) -> None:
    """Give facts other values."""
    for _, what, details in history.marks:
        if what == kind and all(details.get(key) == value for key, value in where.items()):
            details.update(values)


def test_everything_is_as_the_design_says(edited: History) -> None:
    assert verdicts(edited) == dict.fromkeys(OWN, "ok")


def test_each_criterion_is_answered_with_this_runs_numbers(edited: History) -> None:
    assert "enforces NetworkPolicies: all 6 forbidden paths were blocked" in said(edited, "tiers-connected")
    assert "40 connections to data-0 through data-primary" in said(edited, "tiers-routing")
    assert "5 of 5 connections to them were blocked" in said(edited, "tiers-discovery")
    assert "api to data-primary failed for at most" in said(edited, "tiers-failures")
    assert "They are enforced on this cluster" in said(edited, "tiers-decisions")


def test_a_path_that_the_design_needs_and_nobody_answers_fails(edited: History) -> None:
    change(edited, "matrix", {"phase": "without policies", "client": "web"}, api="- no answer within 3 s")
    assert verdicts(edited)["tiers-are-connected"] == "fail"


def test_a_look_that_could_not_be_made_is_neither_an_outage_nor_a_block(edited: History) -> None:
    for tier, target in FORBIDDEN:
        change(edited, "matrix", {"client": tier}, **{target: "? wget ended with 139"})
    change(edited, "matrix", {"client": "web"}, api="? wget ended with 139")
    found = verdicts(edited)
    assert (found["tiers-are-connected"], found["policies-hold-or-not"]) == ("unknown", "unknown")
    assert found["failures-heal"] == "unknown"


def test_a_cluster_that_enforces_no_policy_is_said_to_do_so(edited: History) -> None:
    for tier, target in FORBIDDEN:
        change(edited, "matrix", {"phase": "with policies", "client": tier}, **{target: "somebody"})
    assert verdicts(edited)["policies-hold-or-not"] == "ok"
    assert "does not enforce NetworkPolicies" in said(edited, "tiers-connected")
    assert "finding a name is enough to use it" in said(edited, "tiers-discovery")
    assert "nothing enforces them" in said(edited, "tiers-decisions")


def test_policies_that_hold_here_and_not_there_fail(edited: History) -> None:
    change(edited, "matrix", {"phase": "with policies", "client": "web"}, **{"data-1": "data-1"})
    assert verdicts(edited)["policies-hold-or-not"] == "fail"


def test_reads_that_reach_the_primary_fail(edited: History) -> None:
    change(edited, "routing", {"through": "data-replicas"}, answered={"data-1": 20, "data-0": 20})
    assert verdicts(edited)["routing-is-by-role"] == "fail"


def test_a_row_that_never_arrives_fails(edited: History) -> None:
    change(edited, "write-read", {"row": "after", "read": "data-2.data"}, before_ms=None)
    assert verdicts(edited)["failures-heal"] == "fail"


def test_a_name_that_is_not_found_fails(edited: History) -> None:
    change(edited, "lookup", {"asked": "data-2.data"}, code=1, addresses=[])
    assert verdicts(edited)["names-are-found"] == "fail"


def test_a_run_that_did_not_come_so_far_says_so(edited: History) -> None:
    edited.marks = []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == [""] * len(KEYS)
