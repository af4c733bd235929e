"""rolling-update on the sandbox: order, partition, outages; its checkers can fail, and it says which pods were away."""

from functools import partial

from chaos.analysis.reading import Reading
from chaos.experiment import History, find_experiment
from tests.experiments import lab
from tests.experiments.lab import edit

EXPERIMENT = find_experiment("rolling-update")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert said(history, "update-per-pod")
    text = said(history, "update-without-downtime")
    assert "each of 3 pods could not be reached by its own name for a while" in text
    assert "the probes' own requests as its only load" in text


def test_only_pods_that_were_away_are_said_to_have_been(edited: History) -> None:
    for series in edited.series:
        if series.probe == "http" and series.pod == "web-1":
            samples = edited.samples[series.id]
            good = next(p for p in samples.outcome if edited.outcomes[p].status == "OK")
            for position in range(len(samples)):
                samples.outcome[position] = good
    text = said(edited, "update-without-downtime")
    assert "web-0 and web-2 (2 of 3 pods) could not be reached by name" in text
    assert EXPERIMENT.headline is not None
    assert "2 of 3 pods were unreachable" in EXPERIMENT.headline(Reading(edited))


def test_a_pod_below_the_partition_that_was_replaced_fails(history: History) -> None:
    assert verdicts(edit(history, "partition", {}, untouched=["web-0"]))["partition-is-kept"] == "fail"
