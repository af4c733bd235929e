"""force-delete on the sandbox: how long two pods are one, and that its checkers need to have seen it."""

from functools import partial

import pytest

from chaos.experiment import History, Outcome, find_experiment
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("force-delete")
OPTIONS = {"period_s": 0.02}
OWN = ("object-goes-at-once", "overlap-is-known")
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


def old_addresses(history: History) -> list[str]:
    return [fault.targets[0].address for fault in history.faults]


def test_all_holds_and_the_overlap_is_told(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert said(history, "overlap-after-force").startswith("Two pods answered as one: web-0 between 1.")
    assert "In 3 of 3 forced deletions two pods certainly served under one identity, for at least 1." in lab.headline(
        EXPERIMENT, history
    )


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


def test_silence_is_neither_right_nor_wrong(history: History) -> None:
    silent = Edited(history).silent().history
    assert verdicts(silent) == dict.fromkeys(OWN, "unknown")
    assert said(silent, "overlap-after-force") == ""
