"""stateful-networking on the sandbox: records and who answers; its checkers can fail, and its answers follow them."""

from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from experiments.stateful_networking import Absent, Ports, Reached, Record, ServiceReached
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("stateful-networking")
OPTIONS = {"period_s": 0.05}
OWN = ("records-complete", "missing-is-absent", "names-lead-to-their-pods")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)
SILENCE = pytest.mark.parametrize("status", ["TIMEOUT", "SERVFAIL"])


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert "here POD.web." in said(history, "name-pattern")
    assert "connections to a pod's name all reached that pod" in said(history, "pod-against-service")
    text = said(history, "why-stable")
    assert text.startswith("A replica must find its primary, and a client the shard with its key")
    assert "3 of 3 pods' addresses led back to their names" in text


def test_a_name_that_leads_to_another_pod_fails_and_is_not_said_to_lead_there(history: History) -> None:
    edited = Edited(history).notes(Reached, pod="web-1").say(answered={"web-1": 4, "web-2": 1}).history
    assert verdicts(edited)["names-lead-to-their-pods"] == "fail"
    assert "all reached that pod" not in said(edited, "pod-against-service")
    assert "14 of 15 connections to a pod's own name reached that pod." in said(edited, "why-stable")


def test_a_connection_without_an_answer_is_no_other_pods(history: History) -> None:
    of_one = partial(lambda answers: Edited(history).notes(Reached, pod="web-1").say(answered=answers).history)
    assert verdicts(of_one({"web-1": 4, "TIMEOUT (connect)": 1}))["names-lead-to-their-pods"] == "ok"
    assert verdicts(of_one({"TIMEOUT (connect)": 5}))["names-lead-to-their-pods"] == "unknown"
    assert verdicts(of_one({"ECONNREFUSED (connect)": 5}))["names-lead-to-their-pods"] == "fail"


def test_an_address_that_leads_back_to_another_name_is_not_counted(edited: History) -> None:
    found = lab.facts_of(edited, "record", of="address of a pod", view="service")[0]
    found["values"] = ["somebody.else.invalid"]
    assert verdicts(edited)["records-complete"] == "fail"
    assert "2 of 3 pods' addresses led back" in said(edited, "why-stable")


@SILENCE
def test_a_record_that_nobody_answered_for_is_unknown_and_counts_as_no_answer(history: History, status: str) -> None:
    edited = Edited(history).notes(Record, of="headless service").say(status=status, values=[]).history
    assert verdicts(edited)["records-complete"] == "unknown"
    (good, of) = (int(word) for word in headline(edited).split() if word.isdigit())
    assert good == of < len(lab.facts_of(history, Record.kind))
    assert said(edited, "pod-against-service") == ""


def test_another_port_fails_and_is_not_what_the_specification_demands(history: History) -> None:
    assert headline(history).endswith("39 of 39 answers were as the Kubernetes DNS specification 1.1.0 demands.")
    edited = Edited(history).notes(Ports, asked="SRV _web._tcp.web", view="service").say(ports=[80, 9999]).history
    assert verdicts(edited)["records-complete"] == "fail"
    assert "SRV _web._tcp.web at service has the port 80, 9999, not 80." in lab.summary(
        EXPERIMENT, edited, "records-complete"
    )
    assert "38 of 39 answers" in headline(edited)


def test_a_missing_pod_with_an_address_fails(history: History) -> None:
    edited = Edited(history).notes(Absent, asked="A web-9.web").say(status="NOERROR", values=["10.244.1.9"]).history
    assert verdicts(edited)["missing-is-absent"] == "fail"


@SILENCE
def test_a_missing_pod_of_which_nothing_is_said_is_unknown(history: History, status: str) -> None:
    edited = Edited(history).notes(Absent, asked="A web-9.web").say(status=status).history
    assert verdicts(edited)["missing-is-absent"] == "unknown"


def test_what_was_not_noted_is_unknown(history: History) -> None:
    lab.needs_its_notes(EXPERIMENT, history, OWN, Record, Ports, Absent, Reached)
    assert said(Edited(history).notes(ServiceReached).drop().history, "pod-against-service") == ""
