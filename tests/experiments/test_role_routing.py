"""role-routing on the sandbox: who answers by which name, and that its checkers can fail."""

from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import facts_of

EXPERIMENT = find_experiment("role-routing")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    for key in ("read-write-split", "separate-services", "endpoint-use"):
        assert said(history, key)


def test_each_connection_of_a_count_is_counted_once(history: History) -> None:
    assert [f["connections"] for f in facts_of(history, "routing")] == [60] * 5
    (strays,) = facts_of(history, "strays")
    replicated = strays["rows"]["mysql-cluster-0"]
    assert sum(strays["rows"].values()) - 2 * replicated == strays["accepted"] == 30
    assert f"{30 - replicated} stand on the one replica" in said(history, "read-write-split")


def test_the_headless_name_fails_at_once_and_the_service_only_when_the_pod_ends(history: History) -> None:
    """The preStop sleep of 2 s lies between the two."""
    text = said(history, "separate-services")
    assert "failed first after 2.0" in text
    assert "NXDOMAIN (resolve)" in text
    assert "ECONNREFUSED (connect)" in text


def test_a_primary_service_that_leads_elsewhere_fails(edited: History) -> None:
    facts_of(edited, "routing", through="mysql-primary", phase="after")[0]["answered"] = {"mysql-cluster-2": 60}
    assert verdicts(edited)["primary-is-the-primary"] == "fail"


def test_a_replicas_service_that_leads_to_the_primary_fails(edited: History) -> None:
    facts_of(edited, "routing", through="mysql-replicas-only")[0]["answered"]["mysql-cluster-0"] = 1
    assert verdicts(edited)["replicas-without-primary"] == "fail"


def test_a_replica_that_accepts_a_write_fails(edited: History) -> None:
    facts_of(edited, "writes", through="mysql-replicas-only")[0]["outcomes"]["OK"] = 1
    assert verdicts(edited)["replicas-refuse-writes"] == "fail"


def test_a_row_that_never_arrives_fails(edited: History) -> None:
    facts_of(edited, "write-read", row="after")[0]["before_ms"] = None
    assert verdicts(edited)["rows-arrive"] == "fail"
    assert said(edited, "read-write-split") == ""


def test_writes_that_do_not_come_back_fail(edited: History) -> None:
    (watched,) = facts_of(edited, "watch", role="service")
    samples = edited.samples[watched["series"]]
    failed = next(p for p in samples.outcome if edited.outcomes[p].status == "ECONNREFUSED")
    for position in range(len(samples) - 60, len(samples)):
        samples.outcome[position] = failed
    assert verdicts(edited)["writes-come-back"] == "fail"


def test_what_was_not_measured_is_not_claimed(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] not in ("routing", "writes", "write-read", "watch")]
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in ("read-write-split", "separate-services", "endpoint-use")] == ["", "", ""]
