"""stateful-networking on the sandbox: records and who answers; its checkers can fail, and its answers follow them."""

from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit, facts_of

EXPERIMENT = find_experiment("stateful-networking")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert "here POD.web." in said(history, "name-pattern")
    assert "connections to a pod's name all reached that pod" in said(history, "pod-against-service")
    assert "3 of 3 pods' addresses led back to their names" in said(history, "why-stable")


def test_a_name_that_leads_to_another_pod_fails_and_is_not_said_to_lead_there(edited: History) -> None:
    facts_of(edited, "reached", pod="web-1")[0]["answered"] = {"web-1": 4, "web-2": 1}
    assert verdicts(edited)["names-lead-to-their-pods"] == "fail"
    assert "all reached that pod" not in said(edited, "pod-against-service")
    assert said(edited, "why-stable").startswith("14 of 15")


def test_an_address_that_leads_back_to_another_name_is_not_counted(edited: History) -> None:
    found = facts_of(edited, "record", of="address of a pod", view="service")[0]
    found["values"] = ["somebody.else.invalid"]
    assert verdicts(edited)["records-complete"] == "fail"
    assert "2 of 3 pods' addresses led back" in said(edited, "why-stable")


def test_a_missing_pod_with_an_address_fails(history: History) -> None:
    edited = edit(history, "absent", {"asked": "A web-9.web"}, status="NOERROR", values=["10.244.1.9"])
    assert verdicts(edited)["missing-is-absent"] == "fail"
