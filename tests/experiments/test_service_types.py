"""service-types on the sandbox: what its answers claim was seen, and its checkers can fail."""

from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from experiments.service_types import AFTERWARDS, HEADLESS, REGULAR, SHAPED, Behind, Lookup, Pods, Replacement
from tests.edited import Edited
from tests.experiments import lab

OPTIONS = {"period_s": 0.05}
EXPERIMENT = find_experiment("service-types")
OWN = ("regular-is-one-address", "headless-is-every-pod", "pods-have-no-name", "replacement-is-another")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)
KEYS = (
    "service-ip",
    "individual-names",
    "specific-primary",
    "headless-change",
    "several-addresses",
    "not-sufficient",
)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert all(said(history, key) for key in KEYS)
    assert "The SRV record changed too: it named web-service, and now 10-244-" in said(history, "headless-change")
    told = "resolved to 1 address, the headless one to 3. Neither gave a Deployment's pods names of their own."
    assert told in headline(history)


@pytest.mark.parametrize("status", ["TIMEOUT", "SERVFAIL"])
def test_unanswered_queries_are_no_no(history: History, status: str) -> None:
    edited = Edited(history).notes(Lookup, of="pod name").say(status=status, values=[]).history
    assert verdicts(edited)["pods-have-no-name"] == "unknown"
    assert said(edited, "individual-names") == ""
    assert "Neither" not in headline(edited)


def test_each_pod_that_is_there_is_asked_for_behind_each_service_and_the_one_that_is_gone_apart(
    history: History,
) -> None:
    replaced = lab.facts_of(history, "replacement")[0]
    pods = {facts["phase"]: facts["names"] for facts in lab.facts_of(history, "pods")}
    for phase, service in ((REGULAR, "web-service"), (HEADLESS, "web-headless"), (AFTERWARDS, "web-headless")):
        there = pods[AFTERWARDS if phase == AFTERWARDS else REGULAR]
        asked = {facts["asked"] for facts in lab.facts_of(history, "lookup", phase=phase, of="pod name")}
        assert asked == {f"A {name}.{service}" for name in there}
    (gone,) = {facts["asked"] for facts in lab.facts_of(history, "lookup", of="name of the pod that is gone")}
    assert gone == f"A {replaced['deleted']}.web-headless"
    told = "All 7 names of pods below a service were NXDOMAIN at each of 3 views."
    assert lab.summary(EXPERIMENT, history, "pods-have-no-name") == told
    assert said(history, "individual-names").startswith(f"No, only a name made of a pod's address resolved. {told}")


def test_a_bare_name_that_resolves_fails_too(history: History) -> None:
    edited = Edited(history).notes(Lookup, of="bare pod name").say(status="NOERROR", values=["10.244.1.9"]).history
    assert verdicts(edited)["pods-have-no-name"] == "fail"
    assert said(edited, "individual-names") == "Yes, unexpectedly: the queries gave NOERROR and NXDOMAIN."


def test_names_made_of_addresses_are_handed_out_where_the_srv_record_has_them(history: History) -> None:
    text = said(history, "individual-names")
    assert "hands such names out" in text
    assert "already" not in text
    edited = Edited(history).notes(Lookup, of="port").say(values=["web-service.n.svc.cluster.local"]).history
    assert "hands such names out" not in said(edited, "individual-names")


def test_both_services_names_made_of_addresses_are_told_where_they_resolved(history: History) -> None:
    old = lab.facts_of(history, "replacement")[0]["was_at"]
    name = old.replace(".", "-")
    both = f"Resolved: {name}.web-service (NOERROR {old}), {name}.web-headless (NOERROR {old})."
    assert both in said(history, "individual-names")
    edited = Edited(history).notes(Lookup, of=SHAPED).say(status="NXDOMAIN", values=[]).history
    text = said(edited, "individual-names")
    assert text.startswith("No. All 7 names")
    assert "made of" not in text
    assert "Resolved" not in text


def test_a_type_in_front_of_a_name_is_no_article(history: History) -> None:
    assert "-headless is NXDOMAIN" in said(history, "not-sufficient")
    assert "and the A record of 10-244-" in said(history, "not-sufficient")
    assert lab.summary(EXPERIMENT, history, OWN[0]).startswith("The A record of web-service is ")
    assert said(history, "specific-primary").startswith("A replica could not choose its primary")


def test_a_reverse_name_that_outlived_its_pod_is_told(history: History) -> None:
    assert "3 of 3 views still led 10.244." in said(history, "not-sufficient")
    edited = Edited(history).notes(Lookup, of="pod address", phase=AFTERWARDS).say(status="NXDOMAIN", values=[]).history
    assert "still led" not in said(edited, "not-sufficient")


def test_a_view_that_says_nothing_leaves_the_others_unproved(history: History) -> None:
    for phase, name in ((REGULAR, OWN[0]), (HEADLESS, OWN[1])):
        one = Edited(history).notes(Lookup, phase=phase, of="service", view="service")
        edited = one.say(status="TIMEOUT", values=[]).history
        assert verdicts(edited)[name] == "unknown"
        assert "resolved to" not in headline(edited)


def test_a_pods_name_is_asked_for_behind_both_services_and_need_not_be_again(history: History) -> None:
    once = history
    for of in ("pod name", "bare pod name"):
        once = Edited(once).notes(Lookup, of=of, phase=AFTERWARDS).drop().history
    assert verdicts(once)["pods-have-no-name"] == "ok"


def test_a_pods_name_that_resolves_fails(edited: History) -> None:
    lab.facts_of(edited, "lookup", of="pod name")[0].update(status="NOERROR", values=["10.244.1.9"])
    assert verdicts(edited)["pods-have-no-name"] == "fail"
    assert said(edited, "individual-names").startswith("Yes, unexpectedly")


def test_srv_records_are_compared(history: History) -> None:
    same = Edited(history).notes(Lookup, of="port").say(values=["web-service.n.svc.cluster.local"]).history
    assert "names the same targets as before" in said(same, "headless-change")
    unknown = Edited(history).notes(Lookup, of="port", phase=REGULAR).say(status="SERVFAIL", values=[]).history
    assert "SRV" not in said(unknown, "headless-change")


def test_one_pod_that_answered_all_shows_no_order(history: History) -> None:
    pod = lab.facts_of(history, "pods", phase=REGULAR)[0]["names"][0]
    answered = {pod: 29, "TIMEOUT (resolve)": 1}
    edited = Edited(history).notes(Behind, phase=HEADLESS).say(answered=answered).history
    assert "This run did not show that the order varies." in said(edited, "several-addresses")


def test_a_regular_service_with_a_pods_address_fails(history: History) -> None:
    pods = lab.facts_of(history, "pods", phase=REGULAR)[0]["addresses"]
    edited = Edited(history).notes(Lookup, phase=REGULAR, of="service").say(values=pods[:1]).history
    assert verdicts(edited)["regular-is-one-address"] == "fail"
    assert said(edited, "service-ip") == said(edited, "headless-change") == ""


def test_a_headless_service_that_lacks_a_pod_fails(history: History) -> None:
    pods = lab.facts_of(history, "pods", phase=REGULAR)[0]["addresses"]
    edited = Edited(history).notes(Lookup, phase=HEADLESS, of="service").say(values=pods[:2]).history
    assert verdicts(edited)["headless-is-every-pod"] == "fail"


def test_a_name_of_the_old_address_that_stays_fails_unless_the_address_does(history: History) -> None:
    old = Edited(history).notes(Lookup, phase=AFTERWARDS, of=SHAPED)
    edited = old.say(status="NOERROR", values=["10.244.1.9"])
    assert verdicts(edited.history)["replacement-is-another"] == "fail"
    assert said(edited.history, "not-sufficient") == ""
    same = edited.notes(Replacement).say(was_at="10.244.1.9", is_at="10.244.1.9").history
    assert verdicts(same)["replacement-is-another"] == "unknown"
    silent = Edited(history).notes(Lookup, phase=AFTERWARDS, of=SHAPED).say(status="TIMEOUT", values=[]).history
    assert verdicts(silent)["replacement-is-another"] == "unknown"
    named = Edited(history).notes(Replacement).say(deleted="a", successor="a").history
    assert verdicts(named)["replacement-is-another"] == "fail"


def test_what_was_not_noted_is_unknown(history: History) -> None:
    lab.needs_its_notes(EXPERIMENT, history, OWN, Pods, Lookup, Replacement)
    without = Edited(history).notes(Behind).drop().history
    assert said(without, "specific-primary") == said(without, "several-addresses") == ""
