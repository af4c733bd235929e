"""service-types on the sandbox: what its answers claim was seen, and its checkers can fail."""

from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit, facts_of

EXPERIMENT = find_experiment("service-types")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = (
    "service-ip",
    "individual-names",
    "specific-primary",
    "headless-change",
    "several-addresses",
    "not-sufficient",
)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)
    assert "The SRV record changed too: it named web-service, and now 10-244-" in said(history, "headless-change")


def test_unanswered_queries_are_no_no(history: History) -> None:
    edited = edit(history, "lookup", {"of": "pod name"}, status="TIMEOUT", values=[])
    assert verdicts(edited)["pods-have-no-name"] == "unknown"
    assert said(edited, "individual-names") == ""


def test_a_pods_name_that_resolves_fails(edited: History) -> None:
    facts_of(edited, "lookup", of="pod name")[0].update(status="NOERROR", values=["10.244.1.9"])
    assert verdicts(edited)["pods-have-no-name"] == "fail"
    assert said(edited, "individual-names").startswith("Yes, unexpectedly")


def test_srv_records_are_compared(history: History) -> None:
    same = edit(history, "lookup", {"of": "port"}, values=["web-service.n.svc.cluster.local"])
    assert "names the same targets as before" in said(same, "headless-change")
    unknown = edit(history, "lookup", {"of": "port", "phase": "regular"}, status="SERVFAIL", values=[])
    assert "SRV" not in said(unknown, "headless-change")


def test_one_pod_that_answered_all_shows_no_order(edited: History) -> None:
    (found,) = facts_of(edited, "answered", phase="headless")
    found["answered"] = {next(iter(found["answered"])): 29, "TIMEOUT (resolve)": 1}
    assert "that the order varies was not seen in this run" in said(edited, "several-addresses")


def test_a_regular_service_with_a_pods_address_fails(edited: History) -> None:
    pods = facts_of(edited, "pods", phase="regular")[0]["addresses"]
    for found in facts_of(edited, "lookup", phase="regular", of="service"):
        found["values"] = pods[:1]
    assert verdicts(edited)["regular-is-one-address"] == "fail"
    assert said(edited, "service-ip") == said(edited, "headless-change") == ""
