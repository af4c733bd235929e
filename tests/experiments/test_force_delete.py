"""force-delete on the sandbox: how long two pods are one, and that its checkers need to have seen it."""

import re
from functools import partial

import pytest

from chaos.analysis.reading import Reading
from chaos.experiment import History, Outcome, find_experiment, trials
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("force-delete")
OPTIONS = {"period_s": 0.05}
OWN = ("object-goes-at-once", "overlap-is-known")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
summary = partial(lab.summary, EXPERIMENT)


def old_addresses(history: History) -> list[str]:
    return [fault.targets[0].address for fault in history.faults]


def test_all_holds_and_the_overlap_is_told(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    text = summary(history, "overlap-is-known")
    assert re.fullmatch(
        r"In 3 of 3 forced deletions two pods certainly served under one identity for between 1\.\d\d and \d\.\d\d s "
        r"\(median of 3 forced deletions; the longest between 1\.\d\d and \d\.\d\d s\)\.",
        text,
    )
    assert said(history, "overlap-after-force").startswith("Two pods served under one name: web-0 for between 1.")
    assert text in lab.headline(EXPERIMENT, history)
    assert "gives such a container 2 s to end. A node that is cut off" in said(history, "overlap-after-force")


def test_an_object_that_goes_after_its_containers_fails(edited: History) -> None:
    old = {pod.uid for fault in edited.faults for pod in fault.targets}
    ended = {"name": "web", "state": {"terminated": {"exitCode": 0}}}
    for event in edited.events:
        if event.kind == "Pod" and event.uid in old:
            event.object["status"]["containerStatuses"] = [ended]
    assert verdicts(edited)["object-goes-at-once"] == "fail"


@pytest.mark.parametrize("status", ["TIMEOUT", "ECONNREFUSED"])
def test_an_old_pod_that_was_not_heard_beside_the_new_one_is_unknown(history: History, status: str) -> None:
    edited = Edited(history)
    for address in old_addresses(history):
        edited.series(f"{address}:80", probe="address").say(Outcome(status, "connect"), after=0.0)
    assert verdicts(edited.history)["object-goes-at-once"] == "unknown"


@pytest.mark.parametrize(("later_ns", "outcome"), [(0, "ok"), (-1, "unknown")])
def test_an_old_pod_that_was_last_asked_when_its_successor_was_created_was_heard_beside_it(
    history: History, later_ns: int, outcome: str
) -> None:
    trial = trials(Reading(history))[0]
    created_ns = trial.life.created_ns
    assert created_ns is not None
    edited = Edited(history)
    old = edited.series(f"{trial.target.address}:80", probe="address")
    old.say(Outcome("TIMEOUT", "connect"), after=edited.seconds(created_ns), before=edited.seconds(trial.end_ns))
    for series in old.series:
        sent_ns = edited.history.samples[series.id].sent_ns
        sent_ns[max(p for p, at_ns in enumerate(sent_ns) if at_ns < created_ns)] = created_ns + later_ns
    assert verdicts(edited.history)["object-goes-at-once"] == outcome


def test_silence_is_neither_right_nor_wrong(history: History) -> None:
    silent = Edited(history).silent().history
    assert verdicts(silent) == dict.fromkeys(OWN, "unknown")
    assert said(silent, "overlap-after-force") == ""


def test_an_old_pod_that_refuses_before_its_successor_is_there_makes_no_overlap(history: History) -> None:
    edited = Edited(history)
    for address in old_addresses(history):
        edited.series(f"{address}:80", probe="address").say(Outcome("ECONNREFUSED", "connect"), after=0.0)
    text = summary(edited.history, "overlap-is-known")
    assert text == "In 0 of 3 forced deletions two pods certainly served under one identity."
    told = said(edited.history, "overlap-after-force")
    assert told.startswith(("Possible, but not shown: web-0 for at most", "Excluded: web-0"))
    assert "reach the old pod" not in told


def test_an_old_pod_that_never_stops_and_one_whose_address_is_its_successors_are_told(history: History) -> None:
    first, second, _ = old_addresses(history)
    edited = Edited(history)
    good = edited.series(f"{first}:80", probe="address").told("OK")
    edited.series(f"{first}:80", probe="address").say(good)
    for event in edited.history.events:
        if event.kind == "Pod" and event.name == "web-1" and event.object["status"].get("podIP"):
            event.object["status"]["podIP"] = second
    text = summary(edited.history, "overlap-is-known")
    assert "trial 1: the old pod was never seen to stop; trial 2: the new pod has the old one's address" in text
    assert "trial 2: the old container was not heard after" in summary(edited.history, "object-goes-at-once")


def test_a_successor_that_was_not_seen_is_told(history: History) -> None:
    edited = Edited(history)
    old = {pod.uid for fault in history.faults for pod in fault.targets}
    edited.without_events(lambda event: event.kind == "Pod" and event.name == "web-1" and event.uid not in old)
    assert "trial 2: the successor was not seen" in summary(edited.history, "object-goes-at-once")
