"""broken-servicename on the sandbox: what the broken states show, and that its checkers can fail or not know."""

import re
from functools import partial

import pytest

from chaos.experiment import History, Outcome, find_experiment
from experiments.broken_servicename import BrokenNetwork, Names, Refused, Second, Stage
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("broken-servicename")
OPTIONS = {"period_s": 0.05}
OWN = (
    "cannot-be-patched",
    "service-faults-show-at-once",
    "second-gives-no-names",
    "recreation-is-latent",
    "broken-looks-healthy",
)
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("problems-identified", "problems-fixed", "first-sign")
STATUSES = pytest.mark.parametrize(
    ("status", "outcome"), [("NOERROR", "fail"), ("TIMEOUT", "unknown"), ("SERVFAIL", "unknown")]
)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert all(said(history, key) for key in KEYS)


def test_the_answers_say_what_works_and_how_to_change_a_servicename_without_an_outage(history: History) -> None:
    first = said(history, "first-sign")
    assert first.startswith("With another serviceName web-1.web works until web-1 restarts. The")
    assert "whose subdomain is not the serviceName nope (web-0: web, web-1: web, web-2: web)." in first
    assert re.search(
        r"After the restart an SRV target that is no pod's name is a sign too \(\d+-\d+-\d+-\d+\)\.", first
    )
    assert "every name was gone" not in first
    assert re.search(r"With a wrong selector every view denied web-1\.web at most \d\.\d+ s after the change", first)
    fixed = said(history, "problems-fixed")
    steps = ("--cascade=orphan`", "create the StatefulSet with the right serviceName", "delete its pods one at a time")
    assert sorted(steps, key=fixed.index) == list(steps)
    assert "web's deleted service was created again, and all names were back" in fixed
    assert "Pod status and readiness do not show it." in said(history, "problems-identified")


@STATUSES
def test_a_name_is_gone_only_with_nxdomain(history: History, status: str, outcome: str) -> None:
    for edited in (
        Edited(history).notes(Names, phase="wrong selector").put("pods", **{"web-1": status}).history,
        Edited(history).notes(Names, phase="deleted service").say(service=status).history,
    ):
        assert verdicts(edited)["service-faults-show-at-once"] == outcome
        assert said(edited, "problems-fixed") == ""


@STATUSES
def test_the_latent_fault_shows_only_with_nxdomain(history: History, status: str, outcome: str) -> None:
    edited = Edited(history).notes(Names, phase="recreated, one restarted").put("pods", **{"web-1": status}).history
    assert verdicts(edited)["recreation-is-latent"] == outcome
    assert said(edited, "first-sign") == ""


def test_a_service_that_lost_an_address_while_its_name_was_there_fails(history: History) -> None:
    edited = Edited(history).notes(Names, phase="recreated, one restarted").say(addresses=2).history
    assert verdicts(edited)["recreation-is-latent"] == "fail"


@STATUSES
def test_a_second_service_and_the_units_own_need_an_answer_too(history: History, status: str, outcome: str) -> None:
    assert verdicts(Edited(history).notes(Second).say(pod=status).history)["second-gives-no-names"] == outcome
    edited = Edited(history).notes(BrokenNetwork).say(name=status).history
    assert verdicts(edited)["broken-looks-healthy"] == outcome
    assert said(edited, "problems-identified") == ""


def test_a_second_service_that_was_not_answered_is_no_verdict(history: History) -> None:
    edited = Edited(history).notes(Second).say(service="TIMEOUT", addresses=0).history
    assert verdicts(edited)["second-gives-no-names"] == "unknown"
    fewer = Edited(history).notes(Second).say(addresses=2).history
    assert verdicts(fewer)["second-gives-no-names"] == "fail"


def test_none_of_no_pods_is_not_healthy(history: History) -> None:
    edited = Edited(history).notes(BrokenNetwork).say(ready=0, replicas=0).history
    assert verdicts(edited)["broken-looks-healthy"] == "unknown"
    half = Edited(history).notes(BrokenNetwork).say(ready=1).history
    assert verdicts(half)["broken-looks-healthy"] == "fail"


@pytest.mark.parametrize(("answer", "outcome"), [("", "fail"), ("500 InternalError: later", "unknown")])
def test_a_patch_that_is_taken_fails_and_another_error_says_nothing(
    history: History, answer: str, outcome: str
) -> None:
    assert verdicts(Edited(history).notes(Refused).say(answer=answer).history)["cannot-be-patched"] == outcome


@pytest.mark.parametrize(("unheard", "outcome"), [([], "fail"), (["A web-1.web"], "unknown")])
def test_a_repair_that_did_not_help_fails_unless_nothing_was_heard(
    history: History, unheard: list[str], outcome: str
) -> None:
    edited = Edited(history).notes(Stage, of="deleted service", step="proved").drop()
    since = next(at for at, what, d in edited.history.marks if what == Stage.kind and d["step"] == "repaired")
    steady = [d for at, what, d in edited.history.marks if what == "steady-state" and at > since]
    for mark in steady:
        mark.update(reached=False, missing=["A web-1.web"], unheard=unheard)
    assert verdicts(edited.history)["service-faults-show-at-once"] == outcome


def test_what_was_seen_in_the_very_instant_of_the_repair_is_of_the_repair(history: History) -> None:
    edited = Edited(history).notes(Stage, of="deleted service", step="proved").drop()
    repaired = edited.notes(Stage, of="deleted service", step="repaired")
    since_ns = edited.history.marks[repaired.positions[0]][0]
    seen_ns, steady = next((at, d) for at, what, d in edited.history.marks if what == "steady-state" and at > since_ns)
    steady.update(reached=False, missing=["A web-1.web"], unheard=[])
    assert verdicts(repaired.move(seen_ns).history)["service-faults-show-at-once"] == "fail"
    assert verdicts(repaired.move(seen_ns + 1).history)["service-faults-show-at-once"] == "unknown"


def test_a_run_that_ended_before_the_repair_was_proved_does_not_fail(history: History) -> None:
    edited = Edited(history).notes(Stage, of="deleted service", step="proved").drop().history
    edited.marks[:] = [mark for mark in edited.marks if mark[1] != "steady-state"]
    assert verdicts(edited)["service-faults-show-at-once"] == "unknown"


def test_names_of_which_nothing_was_heard_give_no_times(history: History) -> None:
    edited = Edited(history).series("A web-1.web", probe="dns").say(Outcome("TIMEOUT")).history
    assert said(edited, "first-sign") == ""


def test_what_was_not_noted_is_unknown(history: History) -> None:
    lab.needs_its_notes(EXPERIMENT, history, OWN, Stage, Names, Refused, Second, BrokenNetwork)
