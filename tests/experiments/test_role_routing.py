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
    ended_ns = edited.faults[0].ended_ns or 0
    for position, sent_ns in enumerate(samples.sent_ns):
        if sent_ns > ended_ns - 1_000_000_000:
            samples.outcome[position] = failed
    assert verdicts(edited)["writes-come-back"] == "fail"


def test_writes_that_cannot_be_placed_are_not_placed(edited: History) -> None:
    """One that timed out may have been committed."""
    facts_of(edited, "strays")[0]["accepted"] -= 1
    assert said(edited, "read-write-split")
    assert "stand on the one replica" not in said(edited, "read-write-split")


def test_a_role_fails_on_its_own_only_if_the_other_did_not(edited: History) -> None:
    assert "each role fails on its own: from" in said(edited, "separate-services")
    (deleted,) = edited.faults
    samples = edited.samples[facts_of(edited, "watch", role="reads")[0]["series"]]
    refused = next(p for p, o in enumerate(edited.outcomes) if o.status == "ECONNREFUSED")
    late = next(n for n, sent in enumerate(samples.sent_ns) if sent > (deleted.ended_ns or 0))
    samples.outcome[late] = refused
    assert "each role fails on its own" in said(edited, "separate-services"), "later failures are not the deletion's"
    inside = next(n for n, sent in enumerate(samples.sent_ns) if sent > deleted.sent_ns)
    samples.outcome[inside] = refused
    text = said(edited, "separate-services")
    assert "on its own" not in text
    assert "(ECONNREFUSED (connect) once)" in text


def test_a_connection_whose_end_was_not_seen_is_not_said_to_have_ended(edited: History) -> None:
    assert "ended with the pod" in said(edited, "endpoint-use")
    samples = edited.samples[facts_of(edited, "watch", role="held")[0]["series"]]
    refused = next(p for p, o in enumerate(edited.outcomes) if o.status == "ECONNREFUSED")
    for position, outcome in enumerate(samples.outcome):
        if edited.outcomes[outcome].status in ("EOF", "ECONNRESET"):
            samples.outcome[position] = refused
    assert "ended with the pod" not in said(edited, "endpoint-use")


def test_what_was_not_measured_is_not_claimed(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] not in ("routing", "writes", "write-read", "watch")]
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in ("read-write-split", "separate-services", "endpoint-use")] == ["", "", ""]
