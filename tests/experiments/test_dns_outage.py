"""dns-outage on the sandbox: who notices that DNS is gone, and that its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, Note, Outcome, find_experiment
from experiments.dns_outage import After, Before, Phase, Server
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-outage")
OPTIONS = {"period_s": 0.02}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)
VERDICTS = ("dying-servers-answer", "one-is-not-missed", "nothing-resolves", "kept-addresses-go-on", "put-back")


KEYS = ("dns-servers-die", "who-notices", "name-or-server")


def first_victim(edited: Edited) -> str:
    return str(edited.notes(Phase, phase="one killed").read("gone")[0])


def test_everything_is_as_the_hypothesis_says_and_put_back(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(VERDICTS, "ok")


def test_servers_that_appear_are_asked_from_then_on(history: History) -> None:
    new = set(Edited(history).notes(Server).values("pod"))
    assert len(new) == 5  # one, both, and both again
    assert new <= {series.view for series in history.series if series.probe == "dns"}


def test_the_answers_tell_who_notices_and_how_long_a_lookup_takes(history: History) -> None:
    who = said(history, "who-notices")
    assert "a program that keeps its connection open: none of" in who
    assert "one that knows the address: none of" in who
    assert "The cache helped for the first" in who
    assert re.search(r"still answered for (4\.9|5\.0)\d s", said(history, "dns-servers-die"))
    assert "ECONNREFUSED" in said(history, "name-or-server")
    assert "a server that is gone answers no more" in said(history, "dns-servers-die")
    assert "Its successor has another address." in said(history, "dns-servers-die")
    assert re.search(
        r"For between \d+\.\d\d and \d+\.\d\d s no DNS server answered; whoever had an address", headline(history)
    )


@pytest.mark.parametrize(("status", "outcome"), [("ECONNREFUSED", "fail"), ("TIMEOUT", "unknown")])
def test_a_server_that_stops_at_once_fails_and_one_that_is_silent_does_not(
    history: History, status: str, outcome: str
) -> None:
    edited = Edited(history)
    edited.series("A web-0.web", first_victim(edited)).say(Outcome(status))
    assert verdicts(edited.history)["dying-servers-answer"] == outcome


def test_a_server_that_was_refused_only_later_may_have_answered_as_long_as_it_should(history: History) -> None:
    edited = Edited(history)
    edited.series("A web-0.web", first_victim(edited)).say(Outcome("TIMEOUT"), after=2.0, before=7.0)
    edited.series("A web-0.web", first_victim(edited)).say(Outcome("ECONNREFUSED"), after=7.0)
    assert verdicts(edited.history)["dying-servers-answer"] == "unknown"


def test_a_server_that_was_silent_in_between_is_unknown(history: History) -> None:
    edited = Edited(history)
    edited.series("A web-0.web", first_victim(edited)).say(Outcome("TIMEOUT"), after=0.5, before=4.5)
    assert verdicts(edited.history)["dying-servers-answer"] == "unknown"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("ECONNREFUSED", "fail"), ("SERVFAIL", "fail"), ("NXDOMAIN", "fail"), ("TIMEOUT", "unknown")],
)
def test_a_lookup_that_fails_while_one_dies_fails_and_silence_does_not(
    history: History, status: str, outcome: str
) -> None:
    edited = Edited(history).series("A web-0.web (glibc)", probe="lookup").say(Outcome(status)).history
    assert verdicts(edited)["one-is-not-missed"] == outcome


@pytest.mark.parametrize("status", ["NOERROR", "NXDOMAIN"])
def test_an_answer_out_of_nowhere_fails(history: History, status: str) -> None:
    edited = Edited(history).series("A web-0.web", "service", probe="dns").say(Outcome(status)).history
    assert verdicts(edited)["nothing-resolves"] == "fail"
    assert said(edited, "name-or-server") == ""
    assert "no DNS server answered" not in headline(edited)


def test_silence_of_an_address_that_was_not_asked_or_told_nothing_is_unknown(history: History) -> None:
    for edited in (
        Edited(history).series("A web-0.web", "service", probe="dns").never_asked().history,
        Edited(history).series("A web-0.web", "service", probe="dns").say(Outcome("TIMEOUT"), after=20.0).history,
    ):
        assert verdicts(edited)["nothing-resolves"] == "unknown"
        assert said(edited, "name-or-server") == ""
        assert "no DNS server answered" not in headline(edited)


def test_a_successor_at_the_old_address_is_not_said_to_have_another(history: History) -> None:
    edited = Edited(history)
    old = edited.history.meta.environment["dns_views"][first_victim(edited)]
    told = said(edited.notes(Server, phase="one killed").say(address=old).history, "dns-servers-die")
    assert "answers no more" in told
    assert "another address" not in told
    assert "never a server's own" not in told


@pytest.mark.parametrize(("status", "outcome"), [("ECONNREFUSED", "fail"), ("TIMEOUT", "unknown")])
def test_a_connection_to_a_known_address_that_breaks_fails_and_silence_does_not(
    history: History, status: str, outcome: str
) -> None:
    edited = Edited(history)
    record = f"{edited.notes(Before).read('address')}:80"
    found = edited.series(record, probe="http").say(Outcome(status, "connect")).history
    assert verdicts(found)["kept-addresses-go-on"] == outcome
    assert "undisturbed" not in headline(found)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"servers": ["one"]}, "fail"),
        ({"answer": "NXDOMAIN"}, "fail"),
        ({"answer": "TIMEOUT"}, "unknown"),
        ({"answer": "SERVFAIL"}, "unknown"),
    ],
)
def test_what_is_not_put_back_fails(history: History, change: dict[str, object], outcome: str) -> None:
    assert verdicts(Edited(history).notes(After).say(**change).history)["put-back"] == outcome


def test_a_server_of_the_beginning_that_is_still_there_fails(history: History) -> None:
    edited = Edited(history)
    assert verdicts(edited.notes(After).say(servers=edited.notes(Before).read("servers")).history)["put-back"] == "fail"


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (Before, set(VERDICTS) - {"dying-servers-answer"}),
        (Phase, set(VERDICTS) - {"put-back"}),
        (Server, {"nothing-resolves"}),
        (After, {"put-back"}),
    ],
)
def test_what_was_not_written_down_is_unknown(history: History, kind: type[Note], unknown: set[str]) -> None:
    assert lab.not_judged_without(EXPERIMENT, history, kind) == unknown


def test_silence_from_the_first_deletion_on_says_nothing(history: History) -> None:
    silent = Edited(history).silent().history
    assert {name for name, outcome in verdicts(silent).items() if outcome != "unknown"} == {"put-back"}
    assert [said(silent, key) for key in KEYS[1:]] == ["", ""]


def test_what_was_not_measured_answers_nothing(history: History) -> None:
    without = Edited(history).notes(Phase).drop().history
    assert [said(without, key) for key in KEYS] == ["", "", ""]
