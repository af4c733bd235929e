"""load-balancing on the sandbox: the counts, what they allow to be said, and that its checkers can fail."""

import random
from collections import Counter
from functools import partial

import pytest

from chaos.experiment import History, Note, find_experiment
from chaos.model import Outcome
from experiments import load_balancing
from experiments.load_balancing import (
    LEAST,
    MANY,
    MOST,
    TURNS,
    Chosen,
    Endpoints,
    Lookup,
    New,
    PodName,
    Sticky,
    even,
)
from experiments.shared.mysql import MEMBERS
from tests.edited import Edited
from tests.experiments import lab

OPTIONS = {"period_s": 0.05}
EXPERIMENT = find_experiment("load-balancing")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
KEYS = ("balancing-differs", "balance-or-direct", "session-affinity")
HELD = {"probe": "mysql-stream"}


def judged(edited: Edited, checker: str) -> str:
    return verdicts(edited.history)[checker]


def new(edited: Edited, *answered: int, lost: int = 0) -> Edited:
    """So many connections through the service address reached the members, in their order."""
    counts = {f"mysql-cluster-{n}": count for n, count in enumerate(answered)} | {"TIMEOUT (connect)": lost}
    counts = {who: count for who, count in counts.items() if count}
    return edited.notes(New, asked="mysql-replicas").say(connections=sum(counts.values()), answered=counts)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert all(said(history, key) for key in KEYS)


def test_the_counts_are_complete_and_stand_in_the_answer_with_their_intervals(history: History) -> None:
    (found,) = lab.facts_of(history, "new", asked="mysql-replicas")
    assert sum(found["answered"].values()) == found["connections"] == 800
    text = said(history, "balancing-differs")
    for pod, n in found["answered"].items():
        assert f"{pod} {n} (" in text
    assert text.count("95% confidence") == 1
    assert "800 of 800 new connections were answered: mysql-cluster-0 " in text


def test_what_was_not_answered_is_told_with_the_rest(history: History) -> None:
    edited = new(Edited(history), 266, 266, 267, lost=1)
    told = "799 of 800 new connections were answered (1 TIMEOUT (connect)): mysql-cluster-0 266"
    assert told in said(edited.history, "balancing-differs")
    assert told in lab.headline(EXPERIMENT, edited.history)


def test_the_units_direct_names_do_not_exist_and_the_answer_says_why(history: History) -> None:
    text = said(history, "balance-or-direct")
    assert "NXDOMAIN (resolve)" in text
    assert "A pod's hostname is a name below the service in its subdomain only (mysql-cluster)" in text
    assert text.endswith("A MySQL client reaches mysql-cluster-0.mysql-cluster.")
    assert "those of mysql-internal carry none" in text


@pytest.mark.parametrize(
    ("answered", "lost", "outcome"),
    [
        ((300, 260, 240), 0, "ok"),
        ((440, 180, 180), 0, "fail"),  # 55 %, known to within 5
        ((380, 210, 210), 0, "unknown"),  # 47.5 %: its interval begins within the margin
        ((800,), 0, "fail"),
        ((266, 266, 228), 40, "ok"),
        ((240, 200, 200), 160, "unknown"),  # what was lost may have gone anywhere
        ((2, 2, 2), 0, "unknown"),
    ],
)
def test_shares_are_even_uneven_or_unknown_by_their_intervals(
    history: History, answered: tuple[int, ...], lost: int, outcome: str
) -> None:
    assert judged(new(Edited(history), *answered, lost=lost), "service-spreads-evenly") == outcome


@pytest.mark.parametrize(("bounds", "found"), [((LEAST, MOST), True), ((LEAST / 2, LEAST), None), ((MOST, 1.0), None)])
def test_a_share_that_is_just_at_the_margin_is_within_it(
    monkeypatch: pytest.MonkeyPatch, bounds: tuple[float, float], found: bool | None
) -> None:
    monkeypatch.setattr(load_balancing, "shares", lambda _: {MEMBERS[0]: bounds})
    assert even(New("mysql-replicas", MANY, {})) is found


def test_equal_shares_are_found_even_in_all_but_few_runs() -> None:
    rng = random.Random(1)
    found = Counter[bool | None]()
    for _ in range(500):
        counts = Counter(rng.choice(MEMBERS) for _ in range(MANY))
        found[even(New("mysql-replicas", MANY, dict(counts)))] += 1
    assert found[True] >= 490
    assert not found[False]


def test_a_connection_that_was_never_made_widens_no_share(history: History) -> None:
    counts = {"mysql-cluster-0": 220, "mysql-cluster-1": 210, "mysql-cluster-2": 210, "TIMEOUT (resolve)": 160}
    edited = Edited(history).notes(New, asked="mysql-replicas").say(answered=counts)
    assert judged(edited, "service-spreads-evenly") == "ok"
    counts = {"mysql-cluster-0": 220, "mysql-cluster-1": 210, "mysql-cluster-2": 210, "TIMEOUT (handshake)": 160}
    edited.notes(New, asked="mysql-replicas").say(answered=counts)
    assert judged(edited, "service-spreads-evenly") == "unknown"


def test_the_answer_says_of_uneven_shares_that_they_are(history: History) -> None:
    assert said(history, "balancing-differs").count("; each is within 10 points of a third") == 2
    edited = new(Edited(history), 440, 180, 180)
    assert "; not all are within 10 points of a third" in said(edited.history, "balancing-differs")


def test_the_turns_end_when_another_pod_answers(history: History) -> None:
    answered = [set(turn["answered"]) & set(MEMBERS) for turn in lab.facts_of(history, "sticky")]
    assert 2 <= len(answered) <= TURNS
    assert all(one == answered[0] for one in answered[:-1])
    assert answered[-1] != answered[0] or len(answered) == TURNS


def test_affinity_that_changes_its_mind_fails(history: History) -> None:
    edited = Edited(history).notes(Sticky, turn=1).say(answered={"mysql-cluster-0": 29, "mysql-cluster-1": 1})
    assert judged(edited, "affinity-keeps-the-pod") == "fail"
    assert said(edited.history, "session-affinity") == ""


def test_an_affinity_that_was_asked_for_once_is_not_judged(history: History) -> None:
    edited = Edited(history)
    for turn in [one["turn"] for one in lab.facts_of(history, "sticky")][1:]:
        edited = edited.notes(Sticky, turn=turn).drop()
    assert judged(edited, "affinity-keeps-the-pod") == "unknown"


@pytest.mark.parametrize(
    ("answered", "failure", "lost", "outcome"),
    [
        (29, "TIMEOUT (connect)", 1, "ok"),
        (20, "TIMEOUT (connect)", 10, "unknown"),
        (20, "TIMEOUT (resolve)", 10, "ok"),  # these were never made
        (10, "TIMEOUT (resolve)", 20, "ok"),
        (9, "TIMEOUT (resolve)", 21, "unknown"),
    ],
)
def test_many_lost_connections_are_no_verdict_and_a_single_one_is_no_failure(
    history: History, answered: int, failure: str, lost: int, outcome: str
) -> None:
    counts = {"mysql-cluster-0": answered, failure: lost}
    edited = Edited(history).notes(Sticky, turn=2).say(connections=30, answered=counts)
    assert judged(edited, "affinity-keeps-the-pod") == outcome
    assert (said(edited.history, "session-affinity") != "") == (outcome == "ok")


@pytest.mark.parametrize(("lost", "outcome"), [(2, "ok"), (3, "unknown")])
def test_so_many_lost_connections_as_may_be_chance_are_no_doubt(history: History, lost: int, outcome: str) -> None:
    counts = {"mysql-cluster-0": 40 - lost, "TIMEOUT (connect)": lost}
    edited = Edited(history).notes(Sticky, turn=2).say(connections=40, answered=counts)
    assert judged(edited, "affinity-keeps-the-pod") == outcome


@pytest.mark.parametrize(("asked", "outcome"), [(30, "ok"), (29, "unknown")])
def test_a_connection_is_pinned_only_where_enough_was_asked_on_it(history: History, asked: int, outcome: str) -> None:
    edited = Edited(history)
    held = edited.series(**HELD)
    next_ns = edited.history.samples[held.series[0].id].sent_ns[asked]
    assert judged(held.end(edited.seconds(next_ns)), "long-lived-is-pinned") == outcome


def test_an_answer_that_names_nobody_is_no_end_of_a_connection(history: History) -> None:
    edited = Edited(history).series(**HELD).say_once(Outcome("OK", "query"), 5)
    assert judged(edited, "long-lived-is-pinned") == "ok"


def test_looks_that_show_one_pod_say_what_they_exclude(history: History) -> None:
    found = {one.checker: one.summary for one in lab.own_verdicts(EXPERIMENT, history)}
    told = "at most 34% go elsewhere (for all together at 95% confidence)"  # 0 of 10 at each of three addresses
    assert told in found["addresses-lead-to-one-pod"]
    for name in ("affinity-keeps-the-pod", "long-lived-is-pinned"):
        assert "confidence" not in found[name], "one client, or one connection, is one draw"


def test_the_affinity_is_said_to_have_ended_only_where_another_pod_answered(history: History) -> None:
    turns = lab.facts_of(history, "sticky")
    edited = Edited(history).notes(Sticky, turn=turns[-1]["turn"]).say(answered={"mysql-cluster-1": 30})
    for turn in turns[:-1]:
        edited = edited.notes(Sticky, turn=turn["turn"]).say(answered={"mysql-cluster-0": 30})
    text = said(edited.history, "session-affinity")
    pauses = "1 pause" if len(turns) == 2 else f"{len(turns) - 1} pauses"
    told = f"The affinity ended: after {pauses} of 6 s (its timeout is 5 s) all 30 went to mysql-cluster-1."
    assert told in text
    again = "After each earlier one they had gone to mysql-cluster-0 again"
    assert (again in text) == (len(turns) > 2)
    edited = edited.notes(Sticky, turn=turns[-1]["turn"]).say(answered={"mysql-cluster-0": 30})
    assert judged(edited, "affinity-keeps-the-pod") == "ok"
    text = said(edited.history, "session-affinity")
    assert "affinity ended:" not in text
    assert "this does not show that the affinity ended" in text


def test_an_address_with_two_pods_behind_it_fails(history: History) -> None:
    address = lab.facts_of(history, "chosen")[0]["asked"]
    edited = Edited(history).notes(Chosen, asked=address).say(answered={"mysql-cluster-0": 5, "mysql-cluster-1": 5})
    assert judged(edited, "addresses-lead-to-one-pod") == "fail"


def other_pod(history: History) -> Outcome:
    """An answer of a member that did not answer on the connection that was kept."""
    (here,) = (s for s in history.series if s.probe == "mysql-stream")
    mine = {history.outcomes[position] for position in history.samples[here.id].outcome}
    return next(o for o in history.outcomes if (o.status, o.phase) == ("OK", "query") and o not in mine and o.values)


def test_a_connection_that_wanders_fails(history: History) -> None:
    edited = Edited(history).series(**HELD).say_once(other_pod(history), 5)
    assert judged(edited, "long-lived-is-pinned") == "fail"


def test_a_connection_that_ended_is_not_one_connection(history: History) -> None:
    """The next one may be led to the same pod by chance, or to another one rightly."""
    edited = Edited(history).series(**HELD).say_once(Outcome("ECONNRESET", "query"), 5)
    assert judged(edited, "long-lived-is-pinned") == "unknown"
    assert said(edited.history, "session-affinity") == ""
    assert "stayed open" not in lab.headline(EXPERIMENT, edited.history)
    for position in range(5):
        edited.series(**HELD).say_once(other_pod(history), position)
    assert judged(edited, "long-lived-is-pinned") == "unknown"


def test_a_failure_before_the_first_answer_is_not_who_answered(history: History) -> None:
    edited = Edited(history).series(**HELD).say_once(Outcome("TIMEOUT", "resolve"), 0)
    assert judged(edited, "long-lived-is-pinned") == "ok"
    (kept,) = (s for s in history.series if s.probe == "mysql-stream")
    asked = len(history.samples[kept.id]) - 1
    assert f"answered all {asked} questions on one connection" in said(edited.history, "session-affinity")


def test_a_pinned_connection_says_nothing_where_new_ones_do_not_spread(history: History) -> None:
    assert judged(new(Edited(history), 0, 799, lost=1), "long-lived-is-pinned") == "unknown"


def test_the_answer_counts_the_connections_that_were_made(history: History) -> None:
    counts = {"mysql-cluster-0": 20, "TIMEOUT (resolve)": 1}
    edited = Edited(history).notes(Sticky, turn=1).say(connections=21, answered=counts)
    text = said(edited.history, "session-affinity")
    assert "all 20 connections of this client that were answered went to mysql-cluster-0" in text


def test_a_governing_name_that_does_not_work_is_not_recommended(history: History) -> None:
    edited = Edited(history).notes(Endpoints, service="mysql-cluster").say(connect="TIMEOUT (connect)")
    assert said(edited.history, "balance-or-direct") == ""


def test_a_name_below_the_other_service_fails(history: History) -> None:
    edited = Edited(history).notes(PodName, below="mysql-internal", view="service").say(status="NOERROR")
    assert judged(edited, "names-below-governing-only") == "fail"


@pytest.mark.parametrize("silence", ["TIMEOUT", "SERVFAIL"])
def test_servers_that_were_silent_decide_nothing(history: History, silence: str) -> None:
    edited = Edited(history).notes(PodName).say(status=silence, values=())
    edited.notes(Lookup).say(status=silence, values=())
    assert judged(edited, "names-below-governing-only") == judged(edited, "one-address-or-all") == "unknown"


def test_a_service_without_an_address_or_with_a_pods_fails(history: History) -> None:
    edited = Edited(history).notes(Lookup, asked="A mysql-replicas").say(status="NXDOMAIN", values=())
    assert judged(edited, "one-address-or-all") == "fail"
    (pods,) = lab.facts_of(history, "lookup", asked="A mysql-internal")
    edited = Edited(history).notes(Lookup, asked="A mysql-replicas").say(values=pods["values"][:1])
    assert judged(edited, "one-address-or-all") == "fail"


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [
        (Lookup, {"one-address-or-all"}),
        (New, {"service-spreads-evenly", "long-lived-is-pinned"}),
        (Chosen, {"addresses-lead-to-one-pod"}),
        (Sticky, {"affinity-keeps-the-pod"}),
        (PodName, {"names-below-governing-only"}),
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
