"""readiness-flap on the sandbox: a name follows readiness, a pod does not; its checkers can fail."""

import re
from functools import partial

import pytest

from chaos.experiment import History, find_experiment
from chaos.model import Outcome
from tests.edited import Edited
from tests.experiments import lab
from tests.histories import NXDOMAIN, TIMED_OUT

EXPERIMENT = find_experiment("readiness-flap")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = ("record-follows-readiness", "others-stay", "pod-lives-on")
KEY = "flapping"
OWN_NAME, BY_ADDRESS = "A gated-1.gated", "10.244."


@pytest.fixture
def changed(history: History) -> Edited:
    """Its seconds count from the first time that the pod was turned unready; each state lasts for 3 s."""
    edited = Edited(history)
    edited.zero_ns = next(f.sent_ns for f in history.faults if f.fault == "make-unready")
    return edited


def address(history: History) -> str:
    return next(f"{d['address']}:80" for _, what, d in history.marks if what == "flapping")


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert "In 3 of 3 flaps every view denied the name at most " in lab.summary(EXPERIMENT, history, OWN[0])
    assert re.search(r"\. (\d+) of \1 connections to its address", lab.summary(EXPERIMENT, history, OWN[2]))
    assert "It answered at its address all the time." in said(history, KEY)
    assert re.search(
        r"While it was not Ready, \d+ of \d+ .* with NXDOMAIN \(phase resolve\)\. While", said(history, KEY)
    )
    assert "gated-always governs no set here." in said(history, KEY)
    assert "Peers that must find each other by name before they are Ready need" in said(history, KEY)
    assert "between failureThreshold - 1 and failureThreshold times periodSeconds" in said(history, KEY)
    assert "gated-always (publishNotReadyAddresses) never changed" in said(history, KEY)
    assert "lost its DNS name at most" in lab.headline(EXPERIMENT, history)


def test_connections_by_name_are_counted_apart_while_it_is_ready(changed: Edited) -> None:
    """It is not Ready for 3 s, then Ready for 3 s, three times."""
    by_name = changed.series("gated-1.gated:80", probe="http")
    good, lost = by_name.told("OK"), Outcome("TIMEOUT", "resolve")
    by_name.say(good, after=0.0, before=18.0)
    told = said(by_name.say(lost, after=4.0, before=4.15).history, KEY)
    assert re.search(r"While it was not Ready, 0 of (89|9\d) connections by name failed\. ", told)
    assert re.search(
        r"While it was Ready, [12] of (89|9\d) connections by name failed, with TIMEOUT \(phase resolve\)\.", told
    )


def test_a_name_that_does_not_vanish_or_not_come_back_fails(changed: Edited, history: History) -> None:
    own = changed.series(OWN_NAME, "service")
    stays = own.say(own.told("NOERROR"), after=0.0, before=3.0).history
    assert verdicts(stays)["record-follows-readiness"] == "fail"
    assert not said(stays, KEY)
    away = Edited(history).series(OWN_NAME, "service").say(NXDOMAIN).history
    assert verdicts(away)["record-follows-readiness"] == "fail"


def test_a_name_that_comes_back_before_the_pod_is_ready_fails(changed: Edited) -> None:
    own = changed.series(OWN_NAME, "service")
    history = own.say(own.told("NOERROR"), after=2.5, before=3.0).history
    assert verdicts(history)["record-follows-readiness"] == "fail"


def test_a_name_that_comes_back_with_another_address_fails(changed: Edited) -> None:
    other = changed.series("A gated-0.gated").told("NOERROR")
    history = changed.series(OWN_NAME, "service").say(other, after=3.5, before=6.0).history
    assert verdicts(history)["record-follows-readiness"] == "fail"


def test_a_server_that_was_silent_while_the_name_should_go_is_unknown(changed: Edited) -> None:
    history = changed.series(OWN_NAME, "service").say(TIMED_OUT, after=0.0, before=3.0).history
    assert verdicts(history)["record-follows-readiness"] == "unknown"


@pytest.mark.parametrize("record", ["A gated-0.gated", "A gated-always"])
def test_another_name_that_changes_fails_and_silence_about_it_is_unknown(
    changed: Edited, history: History, record: str
) -> None:
    quiet = Edited(history).series(record, "service").say(TIMED_OUT).history
    assert verdicts(quiet)["others-stay"] == "unknown"
    assert "never changed" not in said(quiet, KEY)
    gone = changed.series(record, "service").say(NXDOMAIN, after=1.0, before=1.1).history
    assert verdicts(gone)["others-stay"] == "fail"


def test_a_service_that_never_published_the_unready_address_fails(changed: Edited) -> None:
    one = changed.series("A gated-0.gated").told("NOERROR")
    assert verdicts(changed.series("A gated-always").say(one).history)["others-stay"] == "fail"


def test_a_server_that_was_silent_after_it_had_turned_leaves_nothing_to_say(changed: Edited) -> None:
    """It was right before and afterwards, so how long it took is known; that it lasted is not."""
    history = changed.series(OWN_NAME, "service").say(TIMED_OUT, after=1.0, before=2.5).history
    assert verdicts(history)["record-follows-readiness"] == "unknown"
    assert not said(history, KEY)
    assert "not measured" in lab.headline(EXPERIMENT, history)


def test_clients_that_were_not_there_leave_their_part_unknown(changed: Edited, history: History) -> None:
    unasked = Edited(history).series(address(history), probe="http").forget().history
    assert verdicts(unasked)["pod-lives-on"] == "unknown"
    assert not said(changed.series("gated-1.gated:80", probe="http").forget().history, KEY)


@pytest.mark.parametrize(("uid", "told"), [("another", "another pod has its name"), ("", "no pod of its name runs")])
def test_another_pod_at_the_end_or_none_fails(changed: Edited, uid: str, told: str) -> None:
    assert verdicts(changed.notes("after").say(uid=uid).history)["pod-lives-on"] == "fail"
    assert told in lab.summary(EXPERIMENT, changed.history, "pod-lives-on")
    assert "died" not in said(changed.history, KEY)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome("ECONNREFUSED", "connect"), "fail"),
        (Outcome("OK", "response", values=("gated-0",)), "fail"),
        (Outcome("TIMEOUT", "connect"), "unknown"),
    ],
    ids=str,
)
def test_a_pod_that_does_not_answer_at_its_address_fails_and_silence_is_unknown(
    changed: Edited, outcome: Outcome, expected: str
) -> None:
    history = changed.series(address(changed.history), probe="http").say(outcome, after=1.0, before=8.0).history
    assert verdicts(history)["pod-lives-on"] == expected
    assert "though it lived" not in lab.headline(EXPERIMENT, history)


def test_a_pod_that_was_not_heard_while_it_was_unready_is_unknown(changed: Edited) -> None:
    silence = Outcome("TIMEOUT", "connect")
    history = changed.series(address(changed.history), probe="http").say(silence, after=0.2, before=2.9).history
    assert verdicts(history)["pod-lives-on"] == "unknown"


def test_one_lost_packet_is_neither_for_nor_against(changed: Edited) -> None:
    silence = Outcome("TIMEOUT", "connect")
    history = changed.series(address(changed.history), probe="http").say(silence, after=1.0, before=1.1).history
    assert verdicts(history)["pod-lives-on"] == "ok"


def test_silence_after_the_fault_is_no_verdict(history: History) -> None:
    assert verdicts(lab.silent(history)) == dict.fromkeys(OWN, "unknown")
    assert not said(lab.silent(history), KEY)


def test_each_note_that_is_missing_leaves_its_checkers_unknown(history: History) -> None:
    assert lab.unknown_without(EXPERIMENT, history) == {
        "flapping": set(OWN),
        "after": {"pod-lives-on"},
        "waited": set(),
    }


def test_a_flap_that_was_not_carried_out_is_unknown(history: History) -> None:
    edited = Edited(history).history
    del edited.faults[-1]
    assert verdicts(edited) == dict.fromkeys(OWN, "unknown")
