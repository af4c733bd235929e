"""multi-tier on the sandbox: who reaches whom, what policies and failures change, and that its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, Outcome, find_experiment
from experiments.multi_tier import Failure, FailureMatrix, Look, Lookup, Matrix, Routing
from experiments.shared.mysql import WriteRead
from experiments.shared.reach import NO_ANSWER, UNENFORCED
from tests.edited import NS_PER_S, Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("multi-tier")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)
OWN = (
    "tiers-are-connected",
    "routing-is-by-role",
    "names-are-found",
    "policies-hold-or-not",
    "failures-heal",
)
KEYS = ("tiers-connected", "tiers-routing", "tiers-discovery", "tiers-failures", "tiers-decisions")
FORBIDDEN = {"data": ("api",), "web": ("data-primary", "data-replicas", "data-0", "data-1", "data-2")}
REFUSED = Outcome("ECONNREFUSED", "connect")
NOTHING_SAID = "? wget ended with 139"


def forbidden_are(history: History, told: str, phase: str = "with policies") -> History:
    """What a look at each forbidden path found."""
    edited = Edited(history)
    for client, targets in FORBIDDEN.items():
        edited.notes(Matrix, phase=phase, client=client).put("found", **dict.fromkeys(targets, told))
    return edited.history


def web_says(history: History, outcome: Outcome, *, until: str = "") -> History:
    """What the client of the web tier's service got since that tier began to fail, or until a step of it."""
    edited = Edited(history)
    at_ns = {d["step"]: at for at, what, d in history.marks if what == Failure.kind and d["tier"] == "web"}
    after, before = ((at_ns.get(step, 10**15) - edited.zero_ns) / NS_PER_S for step in ("deleted", until))
    return edited.series("web:80", probe="http").say(outcome, after=after, before=before).history


def name_of(history: History, name: str) -> str:
    target = history.meta.target
    return f"{name}.{target['namespace']}.svc.{target['domain']}"


def test_everything_is_as_the_design_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")


def test_each_criterion_is_answered_with_this_runs_numbers(history: History) -> None:
    assert "enforces NetworkPolicies: 6 forbidden paths were blocked" in said(history, "tiers-connected")
    assert "40 connections through data-primary: 40 to data-0." in said(history, "tiers-routing")
    assert "The policies blocked 5 of 5 paths from the web tier to data-primary" in said(history, "tiers-discovery")
    assert "api to data-primary failed for at most" in said(history, "tiers-failures")
    assert "They are enforced on this cluster" in said(history, "tiers-decisions")
    assert "leads nowhere (its outage lasted at most" in said(history, "tiers-decisions")
    assert re.search(
        r"(\d+) of \1 connections through the service `web` succeeded after", said(history, "tiers-failures")
    )


def test_the_headline_says_what_each_tiers_failure_cost(history: History) -> None:
    told = headline(history)
    assert "All 6 needed paths worked. This cluster enforces NetworkPolicies: 6 forbidden paths were blocked" in told
    for tier in ("web", "api", "data"):
        assert re.search(rf"(no outage of|a path to) the {tier} tier (was seen|failed for at most \d)", told)
    assert re.search(r"a path to the data tier failed for at most \d+\.\d+ s\. All needed paths worked again\.$", told)
    assert "fault-took-effect judges the deletion in the data tier alone." in said(history, "tiers-failures")


def test_blocked_paths_say_in_how_few_looks_nobody_answered(history: History) -> None:
    (found,) = (one for one in lab.own_verdicts(EXPERIMENT, history) if one.checker == "policies-hold-or-not")
    assert "6 forbidden paths were blocked (in only 3 looks at each path)" in found.summary


def test_what_a_failure_of_the_web_tier_cost_is_asked_from_outside(history: History) -> None:
    assert "connections from outside through the service `web` none failed" in said(history, "tiers-failures")
    edited = web_says(history, REFUSED, until="over")
    told = said(edited, "tiers-failures")
    assert "failed (" in told
    assert "ECONNREFUSED (connect)), at a stretch for between " in told
    assert verdicts(edited)["failures-heal"] == "ok"


def test_a_web_tier_that_is_never_reached_again_fails(history: History) -> None:
    edited = web_says(history, REFUSED)
    assert verdicts(edited)["failures-heal"] == "fail"
    assert "(connect)), and then none succeeded" in said(edited, "tiers-failures")
    assert "A pod of each was deleted" not in headline(edited)


@pytest.mark.parametrize("phase", ["resolve", "connect"])
def test_a_web_tier_of_which_nothing_is_heard_is_unknown(history: History, phase: str) -> None:
    edited = web_says(history, Outcome("TIMEOUT", phase))
    assert verdicts(edited)["failures-heal"] == "unknown"
    assert "A pod of each was deleted" not in headline(edited)


def test_a_web_tier_that_nobody_asked_for_while_it_failed_is_unknown(edited: History) -> None:
    series = next(s for s in edited.series if s.probe == "http" and s.record == "web:80")
    edited.samples[series.id] = type(edited.samples[series.id])()
    assert verdicts(edited)["failures-heal"] == "unknown"
    assert "nobody asked for the service `web` from outside" in said(edited, "tiers-failures")
    assert "A pod of each was deleted" not in headline(edited)


def test_looks_that_say_nothing_are_not_said_to_have_worked(history: History) -> None:
    assert re.search(
        r"(\d+) of \1 looks at needed paths to the other tiers were answered", said(history, "tiers-failures")
    )
    assert "A pod of each was deleted" in headline(history)
    edited = Edited(history).notes(Look, phase="web fails", client="web").put("found", api=NOTHING_SAID).history
    told = said(edited, "tiers-failures").partition(". api-")[0]
    assert re.search(r"\b(\d+) of (?!\1 )\d+ looks at needed paths to the other tiers were answered\.", told)
    assert "times a look says nothing (web to api: wget ended with 139)" in told
    assert "A pod of each was deleted" not in headline(edited)


def silent_looks(history: History, tier: str, client: str, target: str, *positions: int) -> History:
    """Nobody answered the looks of these numbers at a path while a tier failed."""
    edited = Edited(history)
    looks = [d for _, what, d in edited.history.marks if what == Look.kind and d["phase"] == f"{tier} fails"]
    for position in positions:
        one = [look for look in looks if look["client"] == client][position]
        one["found"] = one["found"] | {target: NO_ANSWER}
    return edited.history


def test_a_look_at_a_path_that_the_deleted_tier_cannot_break_is_no_cost_of_the_deletion(history: History) -> None:
    edited = silent_looks(history, "web", "data", "data-2", 0, 1)
    told = said(edited, "tiers-failures").partition("of the api tier was deleted")[0]
    assert "The path data to data-2 failed" not in told
    assert "looks at needed paths to the other tiers were answered (data to data-2: no answer within 3 s)." in told
    assert headline(edited) == headline(history)


@pytest.mark.parametrize(("positions", "outage"), [((1,), False), ((1, 2), True), ((0,), True)])
def test_a_single_look_without_an_answer_between_two_that_were_answered_is_no_outage(
    history: History, positions: tuple[int, ...], outage: bool
) -> None:
    told = said(silent_looks(history, "data", "api", "data-replicas", *positions), "tiers-failures")
    assert ("The path api to data-replicas failed for at most" in told) == outage
    assert ("were answered (api to data-replicas: no answer within 3 s)" in told) != outage


def test_an_outage_lasts_until_a_look_that_was_answered(edited: History) -> None:
    looks = lab.facts_of(edited, "look", phase="data fails", client="api")
    last = max(i for i, one in enumerate(looks) if one["found"]["data-primary"].startswith("-"))
    for one in looks[last + 1 :]:
        one["found"]["data-primary"] = NOTHING_SAID
    assert "api to data-primary failed for the rest of the time" in said(edited, "tiers-failures")


def test_each_failure_has_a_matrix_of_the_paths_during_and_after_it(history: History) -> None:
    rows = lab.facts_of(history, FailureMatrix.kind)
    assert [(one["phase"], one["client"], one["when"]) for one in rows] == [
        (f"{failing} fails", client, when)
        for failing in ("web", "api", "data")
        for client in ("web", "api", "data")
        for when in ("during", "after")
    ]
    found = lab.facts_of(history, FailureMatrix.kind, phase="data fails", client="data")
    during, after = (one["looks"] for one in found)
    assert during["data-0"].endswith("(bad address 'data-0.data')")
    assert during["data-1"].split(" of ")[0] == during["data-1"].split(" of ")[1]
    assert after["data-0"].split(" of ")[0] == after["data-0"].split(" of ")[1] != "0"


def test_a_path_that_the_design_needs_and_nobody_answers_fails(history: History) -> None:
    edited = Edited(history).notes(Matrix, phase="without policies", client="web").put("found", api=NO_ANSWER).history
    assert verdicts(edited)["tiers-are-connected"] == "fail"


def test_a_path_that_is_closed_at_the_end_fails(history: History) -> None:
    edited = Edited(history).notes(Matrix, phase="at the end", client="web").put("found", api=NO_ANSWER).history
    assert verdicts(edited)["failures-heal"] == "fail"


def test_a_look_that_could_not_be_made_is_neither_an_outage_nor_a_block(history: History) -> None:
    edited = Edited(forbidden_are(history, NOTHING_SAID)).notes(Matrix, client="web").put("found", api=NOTHING_SAID)
    found = verdicts(edited.history)
    assert (found["tiers-are-connected"], found["policies-hold-or-not"]) == ("unknown", "unknown")
    assert found["failures-heal"] == "unknown"


def test_a_cluster_that_enforces_no_policy_cannot_fail_and_never_passes(history: History) -> None:
    edited = forbidden_are(history, "somebody")
    (found,) = (one for one in lab.own_verdicts(EXPERIMENT, edited) if one.checker == "policies-hold-or-not")
    assert (found.outcome, UNENFORCED in found.summary) == ("unknown", True)
    assert "does not enforce NetworkPolicies: all 6 forbidden paths worked too" in said(edited, "tiers-connected")
    assert "5 of 5 paths to data-primary" in said(edited, "tiers-discovery")
    assert "a client that resolves a name can connect" not in said(edited, "tiers-discovery")
    assert "NetworkPolicies: all 6 forbidden paths worked too" in headline(edited)
    assert "Nothing enforces them" in said(edited, "tiers-decisions")


@pytest.mark.parametrize("told", [NO_ANSWER, NOTHING_SAID])
def test_a_forbidden_path_that_nobody_answered_before_either_is_not_blocked(history: History, told: str) -> None:
    edited = forbidden_are(history, told, phase="without policies")
    assert verdicts(edited)["policies-hold-or-not"] == "unknown"
    assert "not clearly seen" in said(edited, "tiers-decisions")


def test_a_name_that_is_not_found_is_not_blocked(history: History) -> None:
    unnamed = "- bad address 'x'"
    assert verdicts(forbidden_are(history, unnamed))["policies-hold-or-not"] == "unknown"
    allowed = Edited(history).notes(Matrix, phase="with policies", client="api").put("found", web=unnamed).history
    assert verdicts(allowed)["policies-hold-or-not"] == "unknown"


def test_a_service_with_several_addresses_fails(history: History) -> None:
    asked = Edited(history).notes(Lookup, asked=name_of(history, "data-primary"))
    assert verdicts(asked.say(addresses=["10.96.0.7", "10.96.0.8"]).history)["names-are-found"] == "fail"


def test_policies_that_hold_here_and_not_there_fail(history: History) -> None:
    under = Edited(history).notes(Matrix, phase="with policies", client="web")
    edited = under.put("found", **{"data-1": "data-1"}).history
    assert verdicts(edited)["policies-hold-or-not"] == "fail"
    shut = Edited(history).notes(Matrix, phase="with policies", client="api").put("found", web=NO_ANSWER).history
    assert verdicts(shut)["policies-hold-or-not"] == "fail"


def test_reads_that_reach_the_primary_fail(history: History) -> None:
    of_primary = partial(lambda answers: Edited(history).notes(Routing, asked="data-primary").say(answered=answers))
    edited = of_primary({"data-0": 39, "TIMEOUT (resolve)": 1}).history
    assert verdicts(edited)["routing-is-by-role"] == "ok"
    assert "through data-primary: 1 were TIMEOUT (resolve), 39 to data-0." in said(edited, "tiers-routing")
    for silence in ("TIMEOUT (resolve)", "SERVFAIL (resolve)"):
        assert verdicts(of_primary({silence: 40}).history)["routing-is-by-role"] == "unknown"
    assert verdicts(of_primary({"ECONNREFUSED (connect)": 40}).history)["routing-is-by-role"] == "fail"
    refused = {"data-1": 19, "data-2": 20, "ECONNREFUSED (connect)": 1}
    lost_one = Edited(history).notes(Routing, asked="data-replicas").say(answered=refused)
    assert verdicts(lost_one.history)["routing-is-by-role"] == "ok"  # one that leads nowhere leads to no wrong one
    of_replicas = Edited(history).notes(Routing, asked="data-replicas").say(answered={"data-1": 20, "data-0": 20})
    assert verdicts(of_replicas.history)["routing-is-by-role"] == "fail"


def test_a_row_that_never_arrives_fails_and_one_that_nobody_could_look_for_is_unknown(history: History) -> None:
    rows = Edited(history).notes(WriteRead, row="after", read="data-2.data")
    assert verdicts(rows.say(after_ms=20_010.0, before_ms=None).history)["failures-heal"] == "fail"
    assert verdicts(rows.say(after_ms=0.0).history)["failures-heal"] == "unknown"
    assert verdicts(rows.say(read="", status="EACCES (query)").history)["failures-heal"] == "fail"
    assert verdicts(rows.say(status="TIMEOUT (connect)", heard=False).history)["failures-heal"] == "unknown"


def test_a_name_that_is_denied_fails_and_one_that_was_not_answered_is_unknown(history: History) -> None:
    asked = Edited(history).notes(Lookup, asked=name_of(history, "data-2.data"))
    assert verdicts(asked.say(exit_code=1, addresses=[], status="NXDOMAIN").history)["names-are-found"] == "fail"
    assert verdicts(asked.say(status="TIMEOUT").history)["names-are-found"] == "unknown"
    assert said(asked.of.history, "tiers-discovery") == ""


def test_a_governing_service_with_another_address_fails(history: History) -> None:
    asked = Edited(history).notes(Lookup, asked=name_of(history, "data"))
    assert verdicts(asked.say(addresses=["10.244.9.9"]).history)["names-are-found"] == "fail"


def test_a_run_that_did_not_come_so_far_says_so(edited: History) -> None:
    lab.needs_its_notes(EXPERIMENT, edited, OWN, Matrix, Routing, Lookup, Failure, WriteRead)
    edited.marks = []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == [""] * len(KEYS)
