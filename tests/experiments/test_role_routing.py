"""role-routing on the sandbox: who answers by which name, and that its checkers can fail."""

import re
from functools import partial
from typing import Any

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, Note, Watched, find_experiment, steady_again_ns
from chaos.model import Outcome
from experiments.role_routing import BY_NAME, BY_SERVICE, HELD, READS, Routing, Strays, Writes
from experiments.shared.mysql import WriteRead
from tests.edited import NS_PER_S, Edited, SeriesEdit
from tests.experiments import lab

EXPERIMENT = find_experiment("role-routing")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("read-write-split", "separate-services", "endpoint-use")
REFUSED, SILENT = Outcome("ECONNREFUSED", "connect"), Outcome("TIMEOUT", "connect")
NONE_FAILED = r"none of \d+ reads through mysql-replicas-only failed\. "


def judged(edited: Edited, checker: str) -> str:
    return verdicts(edited.history)[checker]


def client(edited: Edited, name: str) -> SeriesEdit:
    (found,) = lab.facts_of(edited.history, "watched", client=name)
    return edited.of_id(found["series"])


def end_s(edited: Edited) -> float:
    """When the deletion's time was over, in seconds since it was accepted."""
    (deleted,) = edited.history.faults
    return ((deleted.ended_ns or 0) - edited.zero_ns) / NS_PER_S


def steady_s(edited: Edited) -> float:
    """When all was found steady again, likewise."""
    (deleted,) = edited.history.faults
    return edited.seconds(steady_again_ns(Reading(edited.history), deleted))


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)


def test_each_connection_of_a_count_is_counted_once(history: History) -> None:
    assert [f["connections"] for f in lab.facts_of(history, "routing")] == [60] * 5
    (strays,) = lab.facts_of(history, "strays")
    replicated = strays["rows"]["mysql-cluster-0"]
    assert sum(strays["rows"].values()) - 2 * replicated == strays["accepted"] == 30
    text = said(history, "read-write-split")
    assert text.startswith("Not as the unit has it: its mysql-replicas selects every member, and led ")
    told = f"{30 - replicated} of 30 rows written through mysql-replicas stayed on the one replica that took each."
    assert told in text
    assert "has 1" not in text, "one number is enough"
    assert f"Before replicas were read-only, {told} When the primary was" in lab.headline(EXPERIMENT, history)


def test_a_service_for_reads_that_was_not_seen_to_lead_to_the_primary_is_not_said_to(history: History) -> None:
    edited = Edited(history).notes(Routing, asked="mysql-replicas").say(answered={"mysql-cluster-1": 60})
    assert said(edited.history, "read-write-split") == ""


def test_the_headless_name_fails_at_once_and_the_service_only_when_the_pod_ends(history: History) -> None:
    """The preStop sleep of 2 s lies between the two."""
    text = said(history, "separate-services")
    assert "failed first at most 2.0" in text
    assert "NXDOMAIN (resolve)" in text
    assert "ECONNREFUSED (connect)" in text


def test_what_was_never_seen_says_what_its_looks_exclude(history: History) -> None:
    found = {one.checker: one.summary for one in lab.own_verdicts(EXPERIMENT, history)}
    assert "(at most 5% elsewhere, at 95% confidence)" in found["primary-is-the-primary"]  # 0 of 60
    assert "at most 5% there, at 95% confidence" in found["replicas-without-primary"]
    assert "(at most 10% another outcome, at 95% confidence)" in found["replicas-refuse-writes"]  # 0 of 30


@pytest.mark.parametrize(
    ("where", "answered", "checker", "outcome"),
    [
        ({"asked": "mysql-primary", "phase": "after"}, {"mysql-cluster-2": 60}, "primary-is-the-primary", "fail"),
        ({"asked": "mysql-primary", "phase": "after"}, {"TIMEOUT (connect)": 60}, "primary-is-the-primary", "unknown"),
        (
            {"asked": "mysql-replicas-only"},
            {"mysql-cluster-0": 1, "mysql-cluster-1": 30, "mysql-cluster-2": 29},
            "replicas-without-primary",
            "fail",
        ),
        ({"asked": "mysql-replicas-only"}, {"mysql-cluster-1": 60}, "replicas-without-primary", "unknown"),
        ({"asked": "mysql-replicas"}, {"mysql-cluster-1": 60}, "replicas-without-primary", "fail"),
        ({"asked": "mysql-replicas-only"}, {"TIMEOUT (connect)": 60}, "replicas-without-primary", "unknown"),
        ({"asked": "mysql-replicas"}, {"TIMEOUT (connect)": 60}, "replicas-without-primary", "unknown"),
        (
            {"asked": "mysql-replicas"},
            {"mysql-cluster-1": 30, "TIMEOUT (connect)": 30},
            "replicas-without-primary",
            "fail",
        ),
        (
            {"asked": "mysql-replicas"},
            {"mysql-cluster-1": 29, "TIMEOUT (connect)": 31},
            "replicas-without-primary",
            "unknown",
        ),
    ],
)
def test_a_service_that_leads_elsewhere_fails_and_silence_is_unknown(
    history: History, where: dict[str, Any], answered: dict[str, int], checker: str, outcome: str
) -> None:
    assert judged(Edited(history).notes(Routing, **where).say(answered=answered), checker) == outcome


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        ({"ERROR 1290": 29, "OK": 1}, "fail"),
        ({"ERROR 1290": 29, "ERROR 1142": 1}, "fail"),
        ({"ERROR 1290": 29, "TIMEOUT": 1}, "ok"),
        ({"TIMEOUT": 30}, "unknown"),
    ],
)
def test_a_replica_that_accepts_a_write_fails(history: History, outcomes: dict[str, int], outcome: str) -> None:
    edited = Edited(history).notes(Writes, through="mysql-replicas-only").say(outcomes=outcomes)
    assert judged(edited, "replicas-refuse-writes") == outcome


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"after_ms": 20_010.0, "before_ms": None}, "fail"),
        ({"after_ms": 30.0, "before_ms": None}, "unknown"),  # nobody answered any more
        ({"read": "", "status": "ERROR 1290 (query)", "before_ms": None}, "fail"),
        ({"read": "", "status": "TIMEOUT (query)", "heard": False, "before_ms": None}, "unknown"),
    ],
)
def test_a_row_that_never_arrives_fails(history: History, values: dict[str, Any], outcome: str) -> None:
    edited = Edited(history).notes(WriteRead, row="after").say(**values)
    assert judged(edited, "rows-arrive") == outcome
    assert said(edited.history, "read-write-split") == ""


@pytest.mark.parametrize("name", [BY_NAME, BY_SERVICE])
def test_writes_that_do_not_come_back_fail(history: History, name: str) -> None:
    edited = Edited(history)
    assert judged(client(edited, name).say(REFUSED, after=end_s(edited) - 1), "writes-come-back") == "fail"
    assert judged(client(edited, name).say(REFUSED, after=0.0), "writes-come-back") == "fail"


@pytest.mark.parametrize("after", [-1.0, 1.0])
@pytest.mark.parametrize("name", [BY_NAME, BY_SERVICE])
def test_writes_that_nobody_heard_any_more_are_unknown(history: History, name: str, after: float) -> None:
    assert judged(client(Edited(history), name).say(SILENT, after=after), "writes-come-back") == "unknown"


def test_a_silence_after_the_outage_is_not_passed_over(history: History) -> None:
    """It is shorter than the outage itself, and longer than what may go unseen."""
    edited = client(Edited(history).lasts_until(20), BY_NAME).say(SILENT, after=12.0, before=15.4)
    assert judged(edited, "writes-come-back") == "unknown"


def test_writes_that_cannot_be_placed_are_not_placed(history: History) -> None:
    """One that timed out may have been committed."""
    edited = Edited(history).notes(Strays).say(accepted=29)
    assert said(edited.history, "read-write-split")
    assert "stayed on the one replica" not in said(edited.history, "read-write-split")
    assert "one replica" not in lab.headline(EXPERIMENT, edited.history)


def test_a_role_fails_on_its_own_only_if_the_other_did_not(history: History) -> None:
    edited = Edited(history)
    assert re.search(NONE_FAILED, said(edited.history, "separate-services"))
    client(edited, READS).say(REFUSED, after=steady_s(edited))
    assert re.search(NONE_FAILED, said(edited.history, "separate-services")), "later ones are not its doing"
    client(edited, READS).say(REFUSED, after=0.0, before=0.05)
    text = said(edited.history, "separate-services")
    assert re.search(r"1 of \d+ reads through mysql-replicas-only failed \(ECONNREFUSED \(connect\) once\)\.", text)
    client(edited, READS).say(REFUSED, after=0.0, before=0.15)
    text = said(edited.history, "separate-services")
    assert "(ECONNREFUSED (connect) 3 times), in the longest stretch for between 0." in text
    assert "policies" not in text


def test_a_connection_whose_end_was_not_seen_is_not_said_to_have_ended(history: History) -> None:
    assert "ended with the pod" in said(history, "endpoint-use")
    edited = client(Edited(history), HELD).say(REFUSED, after=0.0, before=3.0)
    assert "ended with the pod" not in said(edited.history, "endpoint-use")


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (Routing, {"primary-is-the-primary", "replicas-without-primary"}),
        (Writes, {"replicas-refuse-writes"}),
        (WriteRead, {"rows-arrive"}),
        (Watched, {"writes-come-back"}),
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
