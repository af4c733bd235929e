"""dns-outage on the sandbox: who notices that DNS is gone, and that its checkers can fail."""

import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("dns-outage")
OPTIONS = {"period_s": 0.02}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
headline = partial(lab.headline, EXPERIMENT)
VERDICTS = ("dying-servers-answer", "one-is-not-missed", "nothing-resolves", "kept-addresses-go-on", "put-back")


def overwrite(history: History, status: str, *, probe: str, record: str, view: str = "") -> None:
    """All samples of some series find that."""
    number = len(history.outcomes)
    history.outcomes.append(replace(history.outcomes[0], status=status))
    for series in history.series:
        if (series.probe, series.record) == (probe, record) and view in ("", series.view):
            columns = history.samples[series.id]
            for position in range(len(columns)):
                columns.outcome[position] = number


def test_everything_is_as_the_hypothesis_says_and_put_back(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(VERDICTS, "ok")


def test_servers_that_appear_are_asked_from_then_on(history: History) -> None:
    new = {details["pod"] for _, what, details in history.marks if what == "server"}
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
    assert re.search(r"for \d+\.\d\d s no DNS server answered; whoever had an address", headline(history))


def test_a_server_that_stops_at_once_fails(edited: History) -> None:
    victim = next(d["gone"][0] for _, what, d in edited.marks if what == "phase")
    overwrite(edited, "TIMEOUT", probe="dns", record="A web-0.web", view=victim)
    assert verdicts(edited)["dying-servers-answer"] == "fail"


def test_a_lookup_that_fails_while_one_dies_fails(edited: History) -> None:
    overwrite(edited, "TIMEOUT", probe="lookup", record="A web-0.web (glibc)")
    assert verdicts(edited)["one-is-not-missed"] == "fail"


@pytest.mark.parametrize("status", ["NOERROR", "NXDOMAIN"])
def test_an_answer_out_of_nowhere_fails(edited: History, status: str) -> None:
    overwrite(edited, status, probe="dns", record="A web-0.web", view="service")
    assert verdicts(edited)["nothing-resolves"] == "fail"
    assert said(edited, "name-or-server") == ""
    assert "no DNS server answered" not in headline(edited)


def test_silence_of_an_address_that_was_not_asked_is_unknown(edited: History) -> None:
    for series in edited.series:
        if (series.probe, series.record, series.view) == ("dns", "A web-0.web", "service"):
            edited.samples[series.id] = type(edited.samples[series.id])()
    assert verdicts(edited)["nothing-resolves"] == "unknown"
    assert "no DNS server answered" not in headline(edited)


def test_a_successor_at_the_old_address_is_not_said_to_have_another(edited: History) -> None:
    victim = next(d["gone"][0] for _, what, d in edited.marks if what == "phase")
    new = next(d for _, what, d in edited.marks if what == "server")
    new["address"] = edited.meta.environment["dns_views"][victim]
    told = said(edited, "dns-servers-die")
    assert "answers no more" in told
    assert "another address" not in told
    assert "never a server's own" not in told


def test_a_connection_to_a_known_address_that_breaks_fails(edited: History) -> None:
    address = next(d["address"] for _, what, d in edited.marks if what == "address")
    overwrite(edited, "ECONNREFUSED", probe="http", record=f"{address}:80")
    assert verdicts(edited)["kept-addresses-go-on"] == "fail"


def test_fewer_servers_than_before_fail(edited: History) -> None:
    next(d for _, what, d in edited.marks if what == "after")["servers"].pop()
    assert verdicts(edited)["put-back"] == "fail"


def test_what_was_not_measured_is_unknown_and_answers_nothing(edited: History) -> None:
    edited.marks[:] = [mark for mark in edited.marks if mark[1] not in ("phase", "phase-over", "after")]
    assert verdicts(edited) == dict.fromkeys(VERDICTS, "unknown")
    assert [said(edited, key) for key in ("dns-servers-die", "who-notices", "name-or-server")] == ["", "", ""]
