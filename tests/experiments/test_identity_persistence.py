"""identity-persistence on the sandbox: its own answers say of which pods they speak."""

from functools import partial

import pytest

from chaos.experiment import Contrast, History, Note, find_experiment
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("identity-persistence")
OPTIONS = {"period_s": 0.05}
KEYS = ("same-name", "still-resolves", "unlike-deployment")
said = partial(lab.answer, EXPERIMENT)


def test_every_question_is_answered(history: History) -> None:
    assert said(history, "same-name").startswith("Yes: in 3 of 3 replacements (web-0, web-1, web-2)")
    assert said(history, "still-resolves").startswith("Yes. At the end of its trial ")
    text = said(history, "unlike-deployment")
    begin = "A Deployment's pod came back under another name, and neither had a DNS name of its own: web-demo-"
    assert text.startswith(begin)
    assert text.endswith("web-0, web-1, web-2 kept the name and the DNS record.")
    silent = said(Edited(history).notes(Contrast).say(replacement_record="TIMEOUT").history, "unlike-deployment")
    assert "neither" not in silent
    assert silent.startswith("A Deployment's pod came back under another name: web-demo-")


def test_a_pod_that_was_not_seen_again_is_counted_and_named(edited: History) -> None:
    old = next(pod.uid for fault in edited.faults for pod in fault.targets if pod.name == "web-2")
    edited.events[:] = [e for e in edited.events if e.kind != "Pod" or e.name != "web-2" or e.uid == old]
    text = said(edited, "same-name")
    assert text.startswith("In 2 of 3 replacements (web-0, web-1)")
    assert "No successor of web-2 was seen" in text


def test_records_that_were_not_asked_for_are_not_claimed(history: History) -> None:
    text = said(Edited(history).series("A web-1.web").never_asked().history, "unlike-deployment")
    assert text
    assert "and the DNS record" not in text


def test_names_that_nobody_answered_for_are_neither_right_nor_wrong(history: History) -> None:
    silent = Edited(history).silent().history
    assert said(silent, "still-resolves") == ""
    assert "and the DNS record" not in said(silent, "unlike-deployment")
    deaf = Edited(history)
    deaf.notes(Contrast)
    for view in {s.view for s in history.series if s.probe == "dns"} - {"service"}:
        deaf.series("A web-1.web", view).never_asked()
    assert said(deaf.history, "still-resolves").startswith("As far as it was heard, yes. ")


def test_a_run_that_was_cut_while_pods_ended_says_nothing_of_their_names(edited: History) -> None:
    old = {pod.uid for fault in edited.faults for pod in fault.targets}
    edited.events[:] = [e for e in edited.events if e.kind != "Pod" or e.uid in old]
    assert [said(edited, key) for key in KEYS] == ["", "", ""]


@pytest.mark.parametrize("kind", [Contrast])
def test_without_the_contrast_nothing_is_said_of_it(history: History, kind: type[Note]) -> None:
    without = Edited(history).notes(kind).drop().history
    assert said(without, "unlike-deployment") == ""
    assert said(without, "same-name")
