"""cluster-discovery on the sandbox: what members found, what replication survived, and that its checkers can fail."""

from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import facts_of

EXPERIMENT = find_experiment("cluster-discovery")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("members-found", "names-unstable", "discovery-replication")


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)
    assert "ready" not in said(history, "names-unstable"), "whether they were is not looked at"


def test_each_member_found_those_that_were_ready_before_it_started(history: History) -> None:
    found = {f["pod"]: f["found_last"] for f in facts_of(history, "discovery", group="mysql-cluster")}
    assert found == {
        "mysql-cluster-0": [],
        "mysql-cluster-1": ["mysql-cluster-0"],
        "mysql-cluster-2": ["mysql-cluster-0", "mysql-cluster-1"],
    }
    assert "mysql-cluster-0 found nobody; mysql-cluster-1 found mysql-cluster-0;" in said(history, "members-found")


def test_published_names_are_found_within_the_first_looks(history: History) -> None:
    early = facts_of(history, "discovery", group="mysql-early")
    assert len(early) == 3
    assert all(f["found_after_s"] and f["own_name"] for f in early)
    assert not any(f["found_after_s"] for f in facts_of(history, "discovery", group="mysql-unready"))


def test_a_replica_by_address_loses_its_source_and_says_where_it_looks(history: History) -> None:
    (by_address,) = facts_of(history, "replication", phase="by address, after the replacement")
    assert by_address["receives"] == "Connecting"
    assert by_address["error"]
    assert by_address["source"] in said(history, "names-unstable")


def test_a_member_that_found_a_later_one_fails(edited: History) -> None:
    facts_of(edited, "discovery", pod="mysql-cluster-0")[0]["found_last"] = ["mysql-cluster-1"]
    assert verdicts(edited)["members-find-those-before"] == "fail"
    assert said(edited, "members-found") == ""


def test_an_unready_member_that_is_found_fails(edited: History) -> None:
    facts_of(edited, "discovery", pod="mysql-unready-1")[0]["found_after_s"] = {"mysql-unready-0": 0.5}
    assert verdicts(edited)["unready-members-have-no-names"] == "fail"


def test_a_deployments_pod_with_a_name_fails(edited: History) -> None:
    facts_of(edited, "discovery", group="mysql-deployment")[0]["own_name"] = "10.244.1.9"
    assert verdicts(edited)["deployment-finds-nobody"] == "fail"
    assert said(edited, "names-unstable") == ""


def test_a_replica_by_name_that_stays_away_fails(edited: History) -> None:
    facts_of(edited, "replication", phase="by name, after the replacement")[0]["receives"] = "Connecting"
    assert verdicts(edited)["names-survive-addresses-do-not"] == "fail"
    assert said(edited, "discovery-replication") == ""


def test_an_address_that_came_back_is_no_verdict(edited: History) -> None:
    (moved,) = facts_of(edited, "source")
    moved["is_at"] = moved["was_at"]
    assert verdicts(edited)["names-survive-addresses-do-not"] == "unknown"


def test_a_row_that_never_arrives_fails(edited: History) -> None:
    facts_of(edited, "write-read", row="after")[0]["before_ms"] = None
    assert verdicts(edited)["rows-arrive"] == "fail"


def test_what_was_not_measured_is_not_claimed(edited: History) -> None:
    edited.marks.clear()
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == ["", "", ""]
