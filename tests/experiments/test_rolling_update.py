"""rolling-update on the sandbox: order, partition, outages; its checkers can fail, and it says which pods were away."""

import re
from functools import partial
from itertools import pairwise

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.analysis.trials import trials
from chaos.experiment import History, find_experiment
from chaos.model import Outcome
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("rolling-update")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)


@pytest.fixture
def changed(history: History) -> Edited:
    return Edited(history)


def terminated_s(edited: Edited, pod: str) -> float:
    """When it was first seen to end in the first update."""
    return edited.seconds(
        next(
            e.at_ns
            for e in edited.history.events
            if e.kind == "Pod" and e.name == pod and "deletionTimestamp" in e.object["metadata"]
        )
    )


def test_all_holds_and_every_question_is_answered(history: History) -> None:
    assert set(verdicts(history).values()) == {"ok"}
    assert "With maxUnavailable 2 up to 2 pods were not Ready at once" in said(history, "update-per-pod")
    text = said(history, "update-without-downtime")
    assert "3 of 3 pods (web-0, web-1, web-2) were unreachable by name for a while." in text
    assert text.endswith("Here the probes' requests were the pods' only load.")
    assert "The first update's order was web-2, web-1, web-0. At no time in it was more" in lab.summary(
        EXPERIMENT, history, "one-after-the-other"
    )
    assert "minReadySeconds" in text
    assert "A partition updates some members first. With partition 2 only web-2 was replaced" in text


def test_each_pod_counts_from_its_own_deletion(history: History) -> None:
    first = [trial for trial in trials(Reading(history)) if trial.number == 1]
    assert {trial.cause for trial in first} == {"its deletion was first seen"}
    began = sorted(first, key=lambda trial: trial.cause_ns)
    assert [trial.target.name for trial in began] == ["web-2", "web-1", "web-0"]
    assert all(later.cause_ns > (earlier.life.ready_ns or 0) for earlier, later in pairwise(began))
    assert all(trial.origin.interval.after_ns >= trial.accepted_ns for trial in began[1:]), "a list bounds it"
    for line in timelines(Reading(history)):
        lost = line.since_cause("dns-lost")
        assert lost is not None
        assert -0.5e9 < (lost.before_ns or 0) < 0.5e9


def test_only_pods_that_were_away_are_said_to_have_been(changed: Edited) -> None:
    web_1 = changed.series("web-1.web:80", probe="http")
    history = web_1.say(web_1.told("OK")).history
    assert "2 of 3 pods (web-0, web-2) were unreachable by name" in said(history, "update-without-downtime")
    assert "of one pod at a time 2 of 3 pods were unreachable" in lab.headline(EXPERIMENT, history)


def test_the_longest_outage_of_all_updates_is_in_the_headline(changed: Edited) -> None:
    assert "In 3 updates, this one among them, 7 of 7 replaced pods were, the longest for between " in lab.headline(
        EXPERIMENT, changed.history
    )
    third, away = changed.seconds(changed.history.faults[2].sent_ns), changed.series("web-0.web:80", probe="http")
    history = away.say(Outcome("NXDOMAIN", "resolve"), after=third + 0.1, before=third + 9).history
    assert re.search(
        r"In 3 updates, .* were, the longest for (between|at least) (?!1\.)", lab.headline(EXPERIMENT, history)
    )


@pytest.mark.parametrize(("longer", "told"), [(1, False), (3, True)])
def test_two_at_a_time_are_said_to_be_no_faster_only_where_they_took_as_long(
    changed: Edited, longer: int, told: bool
) -> None:
    steady = changed.notes("steady-state", trial=longer)
    steady.move(changed.history.marks[steady.positions[-1]][0] + 60_000_000_000)
    assert ("so it was not seen to be faster than one pod at a time" in said(changed.history, "update-per-pod")) == told


def test_a_pod_below_the_partition_that_was_replaced_fails(changed: Edited) -> None:
    history = changed.notes("partition").say(untouched=["web-0"]).history
    assert verdicts(history)["partition-is-kept"] == "fail"


def test_a_pod_below_the_partition_that_the_watch_saw_end_fails(changed: Edited) -> None:
    second_s = changed.seconds(changed.history.faults[1].sent_ns)
    history = changed.unready("web-0", second_s + 0.1, second_s + 0.2, terminating=True).history
    assert verdicts(history)["partition-is-kept"] == "fail"


def test_two_pods_that_are_away_at_once_fail(changed: Edited) -> None:
    at_s = terminated_s(changed, "web-2")
    found = verdicts(changed.unready("web-0", at_s + 0.01, at_s + 0.02).history)
    assert found["one-after-the-other"] == "fail"


def test_another_order_fails(changed: Edited) -> None:
    at_s = terminated_s(changed, "web-1")
    history = changed.unready("web-0", at_s - 0.02, at_s - 0.01, terminating=True).history
    assert verdicts(history)["one-after-the-other"] == "fail"
    assert "the order was web-2, web-0, web-1" in lab.summary(EXPERIMENT, history, "one-after-the-other")
    assert not said(history, "update-without-downtime")


def test_a_pod_whose_end_was_not_seen_or_a_gap_of_the_watch_is_unknown(changed: Edited, history: History) -> None:
    ending = "deletionTimestamp"
    unseen = changed.without_events(lambda e: e.name == "web-1" and ending in e.object["metadata"]).history
    assert verdicts(unseen)["one-after-the-other"] == "unknown"
    assert verdicts(Edited(history).blind(0.1, 0.2).history)["one-after-the-other"] == "unknown"


def test_what_the_watch_missed_of_the_second_update_leaves_the_partition_unknown(
    changed: Edited, history: History
) -> None:
    second_ns = history.faults[1].sent_ns
    at_s = changed.seconds(second_ns)
    assert "the watch of pods had a gap" in lab.summary(
        EXPERIMENT, changed.blind(at_s + 0.1, at_s + 0.2).history, "partition-is-kept"
    )
    unseen = Edited(history).without_events(lambda e: e.name == "web-2" and e.at_ns > second_ns).history
    assert verdicts(unseen)["partition-is-kept"] == "unknown"


def test_an_update_after_which_nothing_was_steady_is_unknown(changed: Edited) -> None:
    changed.notes("steady-state", trial=1).say(reached=False)
    assert verdicts(changed.history) == {"one-after-the-other": "unknown", "partition-is-kept": "ok"}
    assert not said(changed.history, "update-per-pod")
    at_s = terminated_s(changed, "web-2")
    wrong = changed.unready("web-0", at_s + 0.01, at_s + 0.02).history
    assert verdicts(wrong)["one-after-the-other"] == "fail", "what was seen to be wrong is, whatever came of it"


def test_silence_after_the_fault_is_no_outage(history: History) -> None:
    quiet = lab.silent(history)
    assert "not measured" in lab.headline(EXPERIMENT, quiet)
    assert not said(quiet, "update-without-downtime")


def test_each_note_that_is_missing_leaves_its_checkers_unknown(history: History) -> None:
    assert lab.unknown_without(EXPERIMENT, history) == {
        "strategy": set(),
        "partition": {"partition-is-kept"},
        "waited": set(),
    }


def test_a_pod_whose_clients_heard_nothing_is_not_said_to_have_been_reachable(changed: Edited) -> None:
    history = changed.series("web-1.web:80", probe="http").say(Outcome("TIMEOUT", "connect"), after=0.0).history
    assert "whether web-1 could be reached by its name was not heard" in lab.headline(EXPERIMENT, history)
    assert not said(history, "update-without-downtime")


def test_an_update_that_no_client_noticed_is_not_said_to_cost_anything(changed: Edited) -> None:
    by_name = [changed.series(f"web-{n}.web:80", probe="http") for n in range(3)]
    for series in by_name:
        series.say(series.told("OK"))
    assert "not measured" in lab.headline(EXPERIMENT, changed.history)
    assert not said(changed.history, "update-without-downtime")
    assert said(changed.history, "update-per-pod").startswith(
        "Unreachable by name in the first update, one pod at a time: none of them."
    )
