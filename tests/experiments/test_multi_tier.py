"""multi-tier on the sandbox: who reaches whom, what policies and failures change, and that its checkers can fail."""

from dataclasses import replace
from functools import partial
from typing import Any

from chaos.analysis.reading import Reading
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


def ask_web_from_outside(
    history: History, *, told: str, since: str | None = "deleted", until: str | None = None
) -> None:
    """Let the client of the web tier's service have got another answer, between two steps of that tier's failure."""
    at_ns = {
        details["step"]: at for at, what, details in history.marks if what == "failure" and details["tier"] == "web"
    }
    series = next(s for s in history.series if s.probe == "http" and s.record == "web:80")
    example = next(o for o in history.outcomes if o.status == "OK")
    history.outcomes.append(replace(example, status=told, phase="connect", values=()))
    columns = history.samples[series.id]
    for position, sent_ns in enumerate(columns.sent_ns):
        if (since is None or sent_ns >= at_ns[since]) and (until is None or sent_ns <= at_ns[until]):
            columns.outcome[position] = len(history.outcomes) - 1


def test_everything_is_as_the_design_says(edited: History) -> None:
    assert verdicts(edited) == dict.fromkeys(OWN, "ok")


def test_each_criterion_is_answered_with_this_runs_numbers(edited: History) -> None:
    assert "enforces NetworkPolicies: all 6 forbidden paths were blocked" in said(edited, "tiers-connected")
    assert "40 connections to data-0 through data-primary" in said(edited, "tiers-routing")
    assert "5 of 5 connections to them were blocked" in said(edited, "tiers-discovery")
    assert "api to data-primary failed for at most" in said(edited, "tiers-failures")
    assert "They are enforced on this cluster" in said(edited, "tiers-decisions")


def test_what_a_failure_of_the_web_tier_cost_is_asked_from_outside(edited: History) -> None:
    assert "connections from outside through the service `web` none failed" in said(edited, "tiers-failures")
    ask_web_from_outside(edited, told="ECONNREFUSED", until="over")
    told = said(edited, "tiers-failures")
    assert "failed (" in told
    assert "ECONNREFUSED (connect)), at a stretch for at most " in told
    assert verdicts(edited)["failures-heal"] == "ok"


def test_a_web_tier_that_is_never_reached_again_fails(edited: History) -> None:
    ask_web_from_outside(edited, told="ECONNREFUSED")
    assert verdicts(edited)["failures-heal"] == "fail"
    assert "(connect)), and then none succeeded" in said(edited, "tiers-failures")
    assert "cost a path at most" not in (EXPERIMENT.headline or str)(Reading(edited))


def test_a_web_tier_that_nobody_asked_for_while_it_failed_is_unknown(edited: History) -> None:
    series = next(s for s in edited.series if s.probe == "http" and s.record == "web:80")
    edited.samples[series.id] = type(edited.samples[series.id])()
    assert verdicts(edited)["failures-heal"] == "unknown"
    assert "nobody asked for the service `web` meanwhile" in said(edited, "tiers-failures")
    assert "cost a path at most" not in (EXPERIMENT.headline or str)(Reading(edited))


def test_looks_that_say_nothing_are_not_said_to_have_worked(edited: History) -> None:
    assert "none of the 6 needed paths failed" in said(edited, "tiers-failures")
    assert "cost a path at most" in (EXPERIMENT.headline or str)(Reading(edited))
    change(edited, "look", {"phase": "web fails", "client": "web"}, api="? wget ended with 139")
    told = said(edited, "tiers-failures").partition(". api-")[0]
    assert "none of the 6 needed paths was seen to fail" in told
    assert "times a look says nothing: web to api: wget ended with 139" in told
    assert "cost a path at most" not in (EXPERIMENT.headline or str)(Reading(edited))


def test_an_outage_lasts_until_a_look_that_was_answered(edited: History) -> None:
    looks = lab.facts_of(edited, "look", phase="data fails", client="api")
    last = max(i for i, one in enumerate(looks) if one["data-primary"].startswith("-"))
    for one in looks[last + 1 :]:
        one["data-primary"] = "? wget ended with 139"
    assert "api to data-primary failed for the rest of the time" in said(edited, "tiers-failures")


def test_each_failure_has_a_matrix_of_the_paths_during_and_after_it(edited: History) -> None:
    rows = lab.facts_of(edited, "failure-matrix")
    assert [(one["phase"], one["client"], one["when"]) for one in rows] == [
        (f"{failing} fails", client, when)
        for failing in ("web", "api", "data")
        for client in ("web", "api", "data")
        for when in ("during", "after")
    ]
    during, after = lab.facts_of(edited, "failure-matrix", phase="data fails", client="data")
    assert during["data-0"].endswith("(bad address 'data-0.data')")
    assert during["data-1"].split(" of ")[0] == during["data-1"].split(" of ")[1]
    assert after["data-0"].split(" of ")[0] == after["data-0"].split(" of ")[1] != "0"


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
    change(edited, "routing", {"through": "data-primary"}, answered={"data-0": 39, "TIMEOUT (resolve)": 1})
    assert verdicts(edited)["routing-is-by-role"] == "ok"
    assert "39 connections to data-0, 1 without an answer in time through data-primary" in said(edited, "tiers-routing")
    change(edited, "routing", {"through": "data-primary"}, answered={"TIMEOUT (resolve)": 40})
    assert verdicts(edited)["routing-is-by-role"] == "unknown"
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
