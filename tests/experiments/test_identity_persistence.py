"""identity-persistence on the sandbox: its own answers say of which pods they speak."""

from functools import partial

from chaos.experiment import History, find_experiment
from tests.experiments import lab

EXPERIMENT = find_experiment("identity-persistence")
OPTIONS = {"period_s": 0.05}
said = partial(lab.answer, EXPERIMENT)


def test_every_question_is_answered(history: History) -> None:
    assert said(history, "same-name").startswith("Yes: in 3 of 3 replacements (web-0, web-1, web-2)")
    assert "each with a DNS record of its own" in said(history, "unlike-deployment")


def test_a_pod_that_was_not_seen_again_is_counted_and_named(edited: History) -> None:
    old = next(pod.uid for fault in edited.faults for pod in fault.targets if pod.name == "web-2")
    edited.events[:] = [e for e in edited.events if e.kind != "Pod" or e.name != "web-2" or e.uid == old]
    text = said(edited, "same-name")
    assert text.startswith("In 2 of 3 replacements (web-0, web-1)")
    assert "No successor of web-2 was seen" in text


def test_records_that_were_not_asked_for_are_not_claimed(edited: History) -> None:
    for series in edited.series:
        if series.record == "A web-1.web":
            edited.samples.pop(series.id, None)
    text = said(edited, "unlike-deployment")
    assert text
    assert "each with a DNS record" not in text
