"""load-balancing on the sandbox: the counts, what they allow to be said, and that its checkers can fail."""

from functools import partial

from chaos.analysis.reading import Reading
from chaos.experiment import History, find_experiment
from chaos.model import Outcome
from tests.experiments import lab
from tests.experiments.lab import facts_of

EXPERIMENT = find_experiment("load-balancing")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("balancing-differs", "balance-or-direct", "session-affinity")


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)


def test_the_counts_are_complete_and_stand_in_the_answer_with_their_intervals(history: History) -> None:
    (found,) = facts_of(history, "new", through="mysql-replicas")
    assert sum(found["answered"].values()) == found["connections"] == 400
    text = said(history, "balancing-differs")
    for pod, n in found["answered"].items():
        assert f"{pod} {n} (" in text
    assert "95 % intervals" in text


def test_the_units_direct_names_do_not_exist_and_the_answer_says_why(history: History) -> None:
    text = said(history, "balance-or-direct")
    assert "NXDOMAIN (resolve)" in text
    assert "subdomain (mysql-cluster)" in text
    assert "those of mysql-internal carry none" in text


def test_uneven_shares_fail(edited: History) -> None:
    (found,) = facts_of(edited, "new", through="mysql-replicas")
    found["answered"] = {"mysql-cluster-0": 190, "mysql-cluster-1": 105, "mysql-cluster-2": 105}
    assert verdicts(edited)["service-spreads-evenly"] == "fail"


def test_too_few_connections_are_no_verdict(edited: History) -> None:
    (found,) = facts_of(edited, "new", through="mysql-replicas")
    found.update(connections=6, answered={"mysql-cluster-0": 2, "mysql-cluster-1": 2, "mysql-cluster-2": 2})
    assert verdicts(edited)["service-spreads-evenly"] == "unknown"


def test_affinity_that_changes_its_mind_fails(edited: History) -> None:
    facts_of(edited, "sticky", turn=1)[0]["answered"] = {"mysql-cluster-0": 29, "mysql-cluster-1": 1}
    assert verdicts(edited)["affinity-keeps-the-pod"] == "fail"
    assert said(edited, "session-affinity") == ""


def test_many_lost_connections_are_no_verdict_and_a_single_one_is_no_failure(edited: History) -> None:
    (found,) = facts_of(edited, "sticky", turn=1)
    (pod,) = (who for who in found["answered"] if who.startswith("mysql"))
    found["answered"] = {pod: 29, "TIMEOUT (resolve)": 1}
    assert verdicts(edited)["affinity-keeps-the-pod"] == "ok"
    found["answered"] = {pod: 20, "TIMEOUT (resolve)": 10}
    assert verdicts(edited)["affinity-keeps-the-pod"] == "unknown"


def test_an_address_with_two_pods_behind_it_fails(edited: History) -> None:
    facts_of(edited, "chosen")[0]["answered"] = {"mysql-cluster-0": 5, "mysql-cluster-1": 5}
    assert verdicts(edited)["addresses-lead-to-one-pod"] == "fail"


def test_a_connection_that_wanders_fails(edited: History) -> None:
    samples = edited.samples[facts_of(edited, "held")[0]["series"]]
    here = edited.outcomes[samples.outcome[0]].values
    there = next(
        i for i, o in enumerate(edited.outcomes) if o.status == "OK" and o.phase == "query" and o.values != here
    )
    samples.outcome[5] = there
    assert verdicts(edited)["long-lived-is-pinned"] == "fail"


def test_a_connection_that_ended_is_not_one_connection(edited: History) -> None:
    """The next one may be led to the same pod by chance."""
    samples = edited.samples[facts_of(edited, "held")[0]["series"]]
    edited.outcomes.append(Outcome("ECONNRESET", "query"))
    samples.outcome[5] = len(edited.outcomes) - 1
    assert verdicts(edited)["long-lived-is-pinned"] == "unknown"
    assert said(edited, "session-affinity") == ""
    assert EXPERIMENT.headline is not None
    assert "stayed open" not in EXPERIMENT.headline(Reading(edited))


def test_a_failure_before_the_first_answer_is_not_who_answered(edited: History) -> None:
    samples = edited.samples[facts_of(edited, "held")[0]["series"]]
    edited.outcomes.append(Outcome("TIMEOUT", "resolve"))
    samples.outcome[0] = len(edited.outcomes) - 1
    assert verdicts(edited)["long-lived-is-pinned"] == "ok"
    assert f"all {len(samples) - 1} questions were answered by mysql-cluster-" in said(edited, "session-affinity")


def test_a_pinned_connection_says_nothing_where_new_ones_do_not_spread(edited: History) -> None:
    facts_of(edited, "new", through="mysql-replicas")[0]["answered"] = {"mysql-cluster-1": 399, "TIMEOUT (resolve)": 1}
    assert verdicts(edited)["long-lived-is-pinned"] == "unknown"


def test_affinity_of_a_few_connections_is_no_verdict(edited: History) -> None:
    facts_of(edited, "sticky", turn=2)[0].update(connections=9, answered={"mysql-cluster-0": 9})
    assert verdicts(edited)["affinity-keeps-the-pod"] == "unknown"
    assert said(edited, "session-affinity") == ""


def test_the_answer_counts_the_connections_that_were_made(edited: History) -> None:
    facts_of(edited, "sticky", turn=1)[0].update(
        connections=21, answered={"mysql-cluster-0": 20, "TIMEOUT (resolve)": 1}
    )
    text = said(edited, "session-affinity")
    assert "all 20 connections of this client that were answered went to mysql-cluster-0" in text


def test_a_governing_name_that_does_not_work_is_not_recommended(edited: History) -> None:
    facts_of(edited, "endpoints", service="mysql-cluster")[0]["connect"] = "TIMEOUT (connect)"
    assert said(edited, "balance-or-direct") == ""


def test_a_name_below_the_other_service_fails(edited: History) -> None:
    facts_of(edited, "name", below="mysql-internal")[0]["status"] = "NOERROR"
    assert verdicts(edited)["names-below-governing-only"] == "fail"


def test_what_was_not_measured_is_not_claimed(edited: History) -> None:
    edited.marks.clear()
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == ["", "", ""]
