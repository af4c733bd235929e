"""cluster-discovery on the sandbox: what members found, what replication survived, and that its checkers can fail."""

from functools import partial
from typing import Any

import pytest

from chaos.experiment import History, Note, find_experiment
from experiments.cluster_discovery import ADDRESS_LATER, NAME_LATER, Discovery, Repaired, Source, Swap, discovery
from experiments.shared.mysql import Replication, WriteRead
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("cluster-discovery")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
UNREADY = "unready-members-have-no-names"
KEYS = ("members-found", "names-unstable", "discovery-replication")


def judged(edited: Edited, checker: str) -> str:
    return verdicts(edited.history)[checker]


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)
    assert "ready" not in said(history, "names-unstable"), "whether they were is not looked at"
    assert said(history, KEYS[2]).count("after its commit") == 2, "at each replica once"


def test_each_member_found_those_that_were_ready_before_it_started(history: History) -> None:
    found = {f["pod"]: list(f["found_last"]) for f in lab.facts_of(history, "discovery", group="mysql-cluster")}
    assert found == {
        "mysql-cluster-0": [],
        "mysql-cluster-1": ["mysql-cluster-0"],
        "mysql-cluster-2": ["mysql-cluster-0", "mysql-cluster-1"],
    }
    told = said(history, "members-found")
    assert "mysql-cluster-0 found nobody; mysql-cluster-1 found mysql-cluster-0;" in told
    assert "None of them found itself" in told
    assert "With publishNotReadyAddresses 3 such members found each other and themselves at most" in told


def test_published_names_are_found_within_the_first_looks(history: History) -> None:
    early = lab.facts_of(history, "discovery", group="mysql-early")
    assert len(early) == 3
    assert all(f["found_after_s"] and f["own_name"] for f in early)
    assert not any(f["found_after_s"] for f in lab.facts_of(history, "discovery", group="mysql-unready"))


def test_a_replica_by_address_loses_its_source_and_says_where_it_looks(history: History) -> None:
    (by_address,) = lab.facts_of(history, "replication", phase=ADDRESS_LATER)
    assert by_address["receives"] == "Connecting"
    assert by_address["error"]
    assert by_address["source"] in said(history, "names-unstable")


@pytest.mark.parametrize(("error", "told"), [("Lost it", "Lost it"), ("", "no error")])
def test_what_keeps_a_replica_by_address_is_told_or_that_it_names_nothing(
    history: History, error: str, told: str
) -> None:
    edited = Edited(history).notes(Replication, phase=ADDRESS_LATER).say(error=error).history
    assert f"is Connecting (`{told}`)" in lab.summary(EXPERIMENT, edited, "names-survive-addresses-do-not")


def test_a_look_that_took_as_long_as_the_resolver_waits_was_not_answered() -> None:
    """The first look's time is not printed."""
    text = """
hostname a-1
look 100.0 round 1 missing a-0.a
look 110.1 round 1 missing a-1.a
look 110.2 round 1 found a-2.a at 10.0.0.3
look 115.3 round 2 missing a-0.a
look 115.4 round 2 missing a-1.a
look 125.6 round 2 found a-2.a at 10.0.0.3
own name resolves to
discovery over
"""
    assert discovery("a", "a-1", text) == Discovery("a", "a-1", 2, 1, ("a-2",), {"a-2": 10.2}, "")
    assert discovery("a", "a-1", "no such file").rounds == 0


def test_what_nobody_found_says_how_often_each_looked_and_bounds_no_share(history: History) -> None:
    """All looks of a group are at one state: they are no draws."""
    found = {one.checker: one.summary for one in lab.own_verdicts(EXPERIMENT, history)}
    assert "None of 3 members that stay unready found another in 8 rounds of looks each." in found[UNREADY]
    assert "None of 3 pods found a member in 8 rounds of looks each." in found["deployment-finds-nobody"]
    assert not any("confidence" in summary for summary in found.values())


def test_a_look_that_was_not_answered_is_told(history: History) -> None:
    edited = Edited(history).notes(Discovery, pod="mysql-unready-1").say(silent=2)
    assert "found another in 8 rounds of looks each; 2 looks were not answered." in lab.summary(
        EXPERIMENT, edited.history, UNREADY
    )


@pytest.mark.parametrize(
    ("where", "values", "checker", "outcome"),
    [
        ({"pod": "mysql-cluster-0"}, {"found_last": ["mysql-cluster-1"]}, "members-find-those-before", "fail"),
        ({"pod": "mysql-cluster-1"}, {"found_after_s": {"mysql-cluster-1": 0.5}}, "members-find-those-before", "fail"),
        ({"pod": "mysql-cluster-2"}, {"found_last": []}, "members-find-those-before", "fail"),
        ({"pod": "mysql-cluster-2"}, {"found_last": [], "silent": 2}, "members-find-those-before", "unknown"),
        ({"pod": "mysql-cluster-2"}, {"rounds": 0}, "members-find-those-before", "unknown"),
        (
            {"pod": "mysql-unready-1"},
            {"found_after_s": {"mysql-unready-0": 0.5}},
            "unready-members-have-no-names",
            "fail",
        ),
        ({"pod": "mysql-unready-1"}, {"silent": 3}, "unready-members-have-no-names", "unknown"),
        ({"pod": "mysql-unready-1"}, {"rounds": 0}, "unready-members-have-no-names", "unknown"),
        ({"pod": "mysql-early-1"}, {"found_last": ["mysql-early-0"]}, "unready-members-have-no-names", "fail"),
        (
            {"pod": "mysql-early-1"},
            {"found_last": ["mysql-early-0"], "silent": 1},
            "unready-members-have-no-names",
            "unknown",
        ),
        ({"group": "mysql-deployment"}, {"own_name": "10.244.1.9"}, "deployment-finds-nobody", "fail"),
        ({"group": "mysql-deployment"}, {"silent": 3}, "deployment-finds-nobody", "unknown"),
    ],
)
def test_a_member_that_found_another_than_it_should_fails_and_silence_is_unknown(
    history: History, where: dict[str, Any], values: dict[str, Any], checker: str, outcome: str
) -> None:
    edited = Edited(history).notes(Discovery, **where).say(**values)
    assert judged(edited, checker) == outcome
    key = "names-unstable" if checker == "deployment-finds-nobody" else "members-found"
    assert said(edited.history, key) == ""


@pytest.mark.parametrize(
    ("kind", "where", "values", "outcome"),
    [
        (Replication, {"phase": NAME_LATER}, {"receives": "Connecting"}, "fail"),
        (Replication, {"phase": NAME_LATER}, {"receives": None}, "unknown"),
        (Replication, {"phase": ADDRESS_LATER}, {"receives": "Yes"}, "fail"),
        (Replication, {"phase": ADDRESS_LATER}, {"receives": None}, "unknown"),
        (Repaired, {}, {"has_the_row": False}, "fail"),
        (Repaired, {}, {"has_the_row": False, "heard": False}, "unknown"),
    ],
)
def test_a_replica_by_name_that_stays_away_fails(
    history: History, kind: type[Note], where: dict[str, Any], values: dict[str, Any], outcome: str
) -> None:
    edited = Edited(history).notes(kind, **where).say(**values)
    assert judged(edited, "names-survive-addresses-do-not") == outcome
    assert said(edited.history, "discovery-replication") == ""


def test_an_address_that_came_back_is_no_verdict(history: History) -> None:
    (moved,) = lab.facts_of(history, "source")
    edited = Edited(history).notes(Source).say(is_at=moved["was_at"])
    assert judged(edited, "names-survive-addresses-do-not") == "unknown"


def test_a_successor_of_the_same_name_fails(history: History) -> None:
    edited = Edited(history).notes(Swap).say(deleted="a", successor="a")
    assert judged(edited, "deployment-finds-nobody") == "fail"


def test_a_row_that_never_arrives_fails(history: History) -> None:
    edited = Edited(history).notes(WriteRead, row="after").say(after_ms=20_010.0, before_ms=None)
    assert judged(edited, "rows-arrive") == "fail"


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (Discovery, {"members-find-those-before", "unready-members-have-no-names", "deployment-finds-nobody"}),
        (Swap, {"deployment-finds-nobody"}),
        (WriteRead, {"rows-arrive"}),
        (Replication, {"names-survive-addresses-do-not"}),
        (Source, {"names-survive-addresses-do-not"}),
        (Repaired, {"names-survive-addresses-do-not"}),
    ],
)
def test_a_note_that_is_missing_leaves_its_checks_unknown(
    history: History, kind: type[Note], unknown: set[str]
) -> None:
    edited = Edited(history).notes(kind).drop()
    assert {name for name, outcome in verdicts(edited.history).items() if outcome == "unknown"} == unknown


def test_what_was_not_measured_is_not_claimed(edited: History) -> None:
    edited.marks.clear()
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == ["", "", ""]
