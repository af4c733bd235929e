"""dns-outage on the sandbox: who notices that DNS is gone, and that its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, Note, Outcome, find_experiment
from chaos.model.pace import PACE
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


def test_cluster_dns_that_is_gone_is_not_overloaded(history: History) -> None:
    assert PACE not in {what for _, what, _ in history.marks}


def test_everything_is_as_the_hypothesis_says_and_put_back(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(VERDICTS, "ok")


def test_servers_that_appear_are_asked_from_then_on(history: History) -> None:
    new = set(Edited(history).notes(Server).values("pod"))
    assert len(new) == 5  # one, both, and both again
    assert new <= {series.view for series in history.series if series.probe == "dns"}


def test_the_answers_tell_who_notices_and_how_long_a_lookup_takes(history: History) -> None:
    who = said(history, "who-notices")
    assert re.search(r"\| requests on an open connection \| 0 of \d+ \| - \|", who)
    assert re.search(r"\| connections to a known address \| 0 of \d+ \| - \|", who)
    assert re.search(r"\| lookups behind a cache first asked before all servers were replaced \| 0 of \d+ \|", who)
    assert "failed when its entry ended; the run times that. The other one's entry was fresh" in who
    assert who.count("EPERM: a packet filter") == 1
    assert re.search(r"still answered for between (4\.9|5\.0)\d and 5\.\d\d s", said(history, "dns-servers-die"))
    assert who.startswith("Whoever has to ask a server notices, ")
    assert re.search(r"\d+ lookups as musl makes them waited until a server was back\.", who)
    assert "| none took a millisecond |" in who
    assert not re.search(r"(?<![\d.])0 ms", who)
    assert "EPERM: a packet filter of the prober's own host" in who
    assert "ECONNREFUSED" in said(history, "name-or-server")
    assert "a pod gets ECONNREFUSED" not in said(history, "name-or-server")
    for when in ("the server deleted first was", "all were"):
        assert f"Once {when} gone, lookups at the own addresses" in said(history, "dns-servers-die")
    assert "A server that is gone does not answer at its own address" in said(history, "dns-servers-die")
    assert "Its successor has another address." in said(history, "dns-servers-die")
    told = r"With cluster DNS scaled to zero no .* for between \d+\.\d\d and \d+\.\d\d s\. Clients with an address"
    assert re.search(told, headline(history))


def test_the_headline_says_what_deletions_cost_at_most(history: History) -> None:
    assert re.search(
        r" Deleting one server, and then all at once, cost at most \d+ of \d+ queries to the cluster DNS address\. A",
        headline(history),
    )
    assert re.search(
        r" a successor answered at most \d\.\d+ s later, and each old server for at least \d\.\d+ s\.",
        headline(history),
    )
    service = Edited(history).series("A web-0.web", "service", probe="dns")
    good = service.told("NOERROR")
    fine = service.replace(lambda outcome: outcome.status == "TIMEOUT", good).history
    assert re.search(r"cost none of \d+ queries to the cluster DNS address\.", headline(fine))


@pytest.mark.parametrize(("took_s", "told"), [(0.001, "the longest took 1.0 ms"), (0.0009, "none took a millisecond")])
def test_what_takes_less_than_a_millisecond_is_not_said_to_take_none(
    history: History, took_s: float, told: str
) -> None:
    fast = Edited(history).series("A web-0.web (glibc)", probe="lookup").take(took_s, longer_than=-1.0).history
    assert f"; {told}." in lab.summary(EXPERIMENT, fast, "one-is-not-missed")


def test_a_lookup_that_waited_for_a_server_is_one_that_succeeded_after_all(history: History) -> None:
    deaf = Edited(history).series("A web-0.web (musl)", probe="lookup").say(Outcome("TIMEOUT")).history
    assert "waited until a server was back" not in said(deaf, "who-notices")


def test_the_first_sentence_says_what_a_deletion_did_to_queries(history: History) -> None:
    told = said(history, "dns-servers-die")
    assert re.match(r"When one server was deleted, of queries to the cluster DNS address \d+ of \d+ failed", told)
    assert re.search(r"When all were deleted at once, of queries to the cluster DNS address (none|\d+) of \d+", told)


def test_the_error_is_told_with_what_an_application_logs_and_all_that_it_may_mean(history: History) -> None:
    told = said(history, "name-or-server")
    assert told.startswith("The error tells: NXDOMAIN is about the name, a refusal or silence about the server.")
    assert "EAI_NONAME after NXDOMAIN" in told
    assert "EAI_AGAIN after a refusal or silence" in told
    assert "a NetworkPolicy lets no DNS query out" in told
    assert told.index("EPERM: a packet filter") < told.index("ECONNREFUSED from the cluster DNS address means")


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


@pytest.mark.parametrize(("status", "outcome"), [("ECONNREFUSED", "fail"), ("TIMEOUT", "unknown")])
@pytest.mark.parametrize(("after", "before"), [(0.5, 4.5), (2.0, 2.5)])
def test_a_server_that_refused_in_between_fails_and_one_that_was_silent_is_unknown(
    history: History, after: float, before: float, status: str, outcome: str
) -> None:
    edited = Edited(history)
    edited.series("A web-0.web", first_victim(edited)).say(Outcome(status), after=after, before=before)
    assert verdicts(edited.history)["dying-servers-answer"] == outcome


def test_how_long_dying_servers_answer_is_told_from_the_shortest_to_the_longest(history: History) -> None:
    told = lab.summary(EXPERIMENT, history, "dying-servers-answer")
    assert re.search(
        r"Each of 5 servers answered for between (4\.9|5\.0)\d and 5\.0\d s after the request\. .* 5 s\.$", told
    )
    between = r"The deleted one still answered for between \d\.\d\d and \d\.\d\d s \(lameduck\)\. 1 successor"
    assert re.search(between, said(history, "dns-servers-die"))


def test_a_server_that_was_silent_before_it_refused_may_have_answered_for_longer(history: History) -> None:
    edited = Edited(history)
    victim = edited.series("A web-0.web", first_victim(edited))
    phase = edited.notes(Phase, phase="one killed")
    last_s = edited.seconds(max(victim.sent_ns("NOERROR")))
    zero_s = edited.seconds(phase.read("accepted_ns"))
    silent = victim.say(Outcome("TIMEOUT"), after=last_s - 0.5).history
    found = re.search(r"answered for between (\d\.\d\d) and (\d\.\d\d) s \(lameduck\)", said(silent, "dns-servers-die"))
    assert found
    assert float(found[1]) < last_s - 0.5 - zero_s < float(found[2])


def test_a_server_that_answers_for_as_long_as_it_must_is_right_and_less_is_not_known(history: History) -> None:
    edited = Edited(history)
    phase, samples = edited.notes(Phase, phase="one killed"), edited.series("A web-0.web", first_victim(edited))
    last_ns = max(samples.sent_ns("NOERROR"))
    assert verdicts(phase.say(accepted_ns=last_ns - 4_500_000_000).history)["dying-servers-answer"] == "ok"
    assert verdicts(phase.say(accepted_ns=last_ns - 4_499_999_999).history)["dying-servers-answer"] == "unknown"


def test_of_a_single_server_it_is_not_known_whether_another_is_missed(history: History) -> None:
    edited = Edited(history)
    alone = edited.notes(Before).say(servers=[first_victim(edited)]).history
    assert verdicts(alone)["one-is-not-missed"] == "unknown"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("ECONNREFUSED", "fail"), ("SERVFAIL", "fail"), ("NXDOMAIN", "fail"), ("TIMEOUT", "unknown")],
)
def test_a_lookup_that_fails_while_one_dies_fails_and_silence_does_not(
    history: History, status: str, outcome: str
) -> None:
    edited = Edited(history).series("A web-0.web (glibc)", probe="lookup").say(Outcome(status)).history
    assert verdicts(edited)["one-is-not-missed"] == outcome


@pytest.mark.parametrize(("took_s", "outcome"), [(5.0, "unknown"), (4.9, "ok")])
def test_a_lookup_that_had_to_ask_twice_while_one_died_is_told(history: History, took_s: float, outcome: str) -> None:
    lookups = Edited(history).series("A web-0.web (glibc)", probe="lookup")
    slow = lookups.took([took_s], after=2.0).history
    assert verdicts(slow)["one-is-not-missed"] == outcome
    again = "a lost packet or the killed server, so run the experiment again"
    assert (again in lab.summary(EXPERIMENT, slow, "one-is-not-missed")) == (outcome == "unknown")
    assert f"the longest took {took_s:.2f} s" in said(slow, "dns-servers-die")


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


@pytest.mark.parametrize(
    ("later_ns", "missing"), [(0, "no time without servers was seen"), (1, "the cluster DNS address was not asked")]
)
def test_without_a_time_between_the_last_old_answer_and_the_first_new_one_nothing_is_judged(
    history: History, later_ns: int, missing: str
) -> None:
    edited = Edited(history)
    old = edited.notes(Phase, phase="scaled to zero").read("gone")
    last_ns = max(at for server in old for at in edited.series("A web-0.web", server).sent_ns("NOERROR")) + later_ns
    new = edited.series("A web-0.web", edited.notes(Server, phase="scaled to zero").read("pod"))
    first_ns = edited.history.samples[new.series[0].id].sent_ns[0]
    early = new.begin(new.told("NOERROR"), (first_ns - last_ns) / 1e9).history
    assert verdicts(early)["nothing-resolves"] == "unknown"
    assert missing in lab.summary(EXPERIMENT, early, "nothing-resolves")


def test_a_successor_at_the_old_address_is_not_said_to_have_another(history: History) -> None:
    edited = Edited(history)
    old = edited.history.meta.environment["dns_views"][first_victim(edited)]
    told = said(edited.notes(Server, phase="one killed").say(address=old).history, "dns-servers-die")
    assert "does not answer at its own address" in told
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
    assert said(found, "who-notices").startswith("With cluster DNS scaled to zero no server answered for between")


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
