"""A recommendation is made where the evidence carries it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chaos.analysis.advice import advice
from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements, stored
from chaos.experiment.judging import judges_of, statements
from chaos.model import History
from chaos.model.figure import figures_in, plain
from tests.histories import FORCED, Story, ns, pod_replacement

USED_UP = Story()  # its container serves for 30.04 s of its 30 s
ENDS = Story(old_stops_s=1.0, old_failed_s=1.2)


def said(history: History) -> str:
    return plain(advice(Reading(history)))


def hooked(history: History, hook: dict[str, Any]) -> History:
    """The same with a preStop hook in every pod's template."""
    for event in history.events:
        if event.kind == "Pod":
            event.object["spec"]["containers"] = [{"name": "web", "lifecycle": {"preStop": hook}}]
    return history


def test_a_container_that_was_killed_at_the_end_of_its_grace_period_is_to_end_on_sigterm() -> None:
    text = "Let the container end on SIGTERM: in 2 of 2 trials it served until its grace period of 30 s was over."
    assert said(pod_replacement(USED_UP, USED_UP)) == text


def test_its_numbers_are_figures() -> None:
    assert [figure.text() for figure in figures_in(advice(Reading(pod_replacement())))] == ["1", "1 trial", "30 s"]


@pytest.mark.parametrize(
    ("stories", "counted"),
    [
        ((USED_UP, ENDS), "1 of 2 trials"),
        ((USED_UP, ENDS, ENDS), ""),
        ((USED_UP, FORCED), "1 of 1 trial "),  # without a grace period there is none to use up
        ((ENDS,), ""),
        ((FORCED,), ""),
    ],
)
def test_in_half_of_the_trials_at_least(stories: tuple[Story, ...], counted: str) -> None:
    text = said(pod_replacement(*stories))
    assert bool(text) == bool(counted)
    assert counted in text


@pytest.mark.parametrize(
    ("stops_s", "recommended"), [(26.0, False), (27.5, False), (29.6, True), (34.0, True), (36.0, False)]
)
def test_one_that_ended_before_its_time_was_over_used_it_up_as_little_as_one_that_nothing_killed(
    stops_s: float, recommended: bool
) -> None:
    later = 10.0 if stops_s > 31 else 0.0
    story = replace(Story().shifted(later), old_stops_s=stops_s, old_failed_s=stops_s + 0.1)
    assert bool(said(pod_replacement(story))) == recommended


def test_it_counts_from_when_the_deletion_was_seen_not_from_the_faults_request() -> None:
    """A controller that deletes one pod after the other comes to this one late."""
    history = pod_replacement()
    for place, event in enumerate(history.events):
        if event.uid == "uid-1-old" and "deletionTimestamp" in event.object["metadata"] and event.type == "MODIFIED":
            history.events[place] = replace(event, at_ns=max(event.at_ns, ns(1.5 + 10.0)))
    assert said(history) == ""


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        ({"sleep": {"seconds": 25}}, "a sleep of 25 s"),
        ({"exec": {"command": ["sh", "-c", "sleep\n`date`"]}}, "exec `sh -c sleep 'date'`"),
        ({"httpGet": {"path": "/drain", "port": 80}}, "httpGet `/drain`"),
    ],
)
def test_a_hook_is_named_and_nothing_is_said_of_sigterm(hook: dict[str, Any], told: str) -> None:
    text = said(hooked(pod_replacement(), hook))
    assert text == (
        f"Look at what the container does before it ends, first its preStop hook ({told}): in 1 of 1 trial it served "
        "until its grace period of 30 s was over."
    )


def test_nothing_is_recommended_where_no_address_was_probed() -> None:
    history = pod_replacement()
    history.series = [series for series in history.series if series.probe != "address"]
    assert said(history) == ""


def test_it_is_stored_by_its_figures_and_read_back() -> None:
    reading = Reading(pod_replacement())
    whole = statements(reading, judges_of(reading))
    document = whole.document()
    assert document["recommendation"] == plain(advice(reading))
    assert document["recommendation_text"].count("{figure:recommendation.") == 3
    again = stored(document)
    assert again is not None
    assert plain(again.recommendation) == document["recommendation"]
    del document["recommendation_text"]  # as a version before wrote it
    old = stored(document)
    assert old is not None
    assert old.recommendation == ""


def test_there_is_none_where_nothing_was_concluded() -> None:
    assert Statements().document()["recommendation"] == ""
