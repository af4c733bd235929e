"""An answer says no only where the run saw the end; else that it cannot say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.analysis.questions import answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.trials import end_unseen, trials
from chaos.experiment import find_experiment
from chaos.model import History, Samples
from tests.histories import Story, ns, pod_replacement

ASKED = find_experiment("identity-persistence").questions
NEGATIVE = ("Not all", "Not everywhere", "0 of 3", "No:")
# The old pod takes two minutes to end.
SLOW = replace(Story(grace_s=120, old_stops_s=119.9, old_failed_s=120.0, old_gone_s=120.1), ends_s=125.0)


def cut(history: History, at_s: float, *, open_: bool) -> History:
    """What was seen until so many seconds after the first deletion; `open_`: by Ctrl-C, else the trial ended then."""
    (fault,) = history.faults
    assert fault.accepted_ns is not None
    end_ns = fault.accepted_ns + ns(at_s)
    history.faults = [replace(fault, ended_ns=None if open_ else end_ns)]
    history.status = "interrupted" if open_ else "complete"
    history.events = [e for e in history.events if e.at_ns <= end_ns]
    history.marks = [mark for mark in history.marks if mark[0] <= end_ns]
    for series, samples in history.samples.items():
        kept = Samples()
        for row in samples.rows():
            if row[2] <= end_ns:
                kept.append(*row)
        history.samples[series] = kept
    return history


def answers(history: History) -> dict[str, str]:
    return {a.question: a.answer for a in answer_all(Reading(history), ASKED)}


@pytest.mark.parametrize(
    ("story", "at_s", "open_", "within_s", "why"),
    [
        (Story(), 5.0, True, 60.0, "the run was cut 4.98 s after"),
        (SLOW, 15.0, False, 10.0, "had 120 s to end"),
        (SLOW, 15.0, False, 60.0, "before its limit of 60 s"),
    ],
)
def test_a_run_that_did_not_see_the_end_does_not_say_no(
    story: Story, at_s: float, open_: bool, within_s: float, why: str
) -> None:
    history = cut(pod_replacement(story), at_s, open_=open_)
    history.meta.parameters["within_s"] = within_s
    said = answers(history)
    assert not [text for text in said.values() if any(no in text for no in NEGATIVE)]
    for question in ("Did pods maintain", "Does the DNS name still resolve"):
        text = next(text for asked, text in said.items() if asked.startswith(question))
        assert text.startswith("This run cannot say: ")
        assert why in text


def test_a_run_that_waited_long_enough_says_no() -> None:
    """The old pod was gone in time and nobody followed it."""
    history = cut(pod_replacement(Story(created_s=200.0, ends_s=205.0)), 70.0, open_=False)
    history.events = [e for e in history.events if e.uid != "uid-1-new"]
    said = answers(history)
    (trial,) = trials(Reading(history))
    assert end_unseen(Reading(history), trial) == ""
    assert next(text for asked, text in said.items() if asked.startswith("Did pods maintain")).startswith("Not all: ")


def test_of_two_trials_the_finished_one_is_answered_and_the_other_left_open() -> None:
    history = pod_replacement(Story(), Story())
    second = history.faults[1]
    history.faults[1] = replace(second, ended_ns=None)
    history.events = [e for e in history.events if e.at_ns < second.sent_ns + ns(5.0)]
    said = next(text for asked, text in answers(history).items() if asked.startswith("Did pods maintain"))
    assert "This run cannot say of every pod: the old pod web-1 was still there" in said
    assert "Not all" not in said
    assert "in the one replacement" in said
