"""What a watch hid or told late proves nothing: neither by its absence nor by its instant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.overlap import overlaps
from chaos.analysis.questions import Question, answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind, State, state_of
from chaos.analysis.recovery import recoveries
from chaos.analysis.stages import timelines
from chaos.analysis.trials import trials
from chaos.model import ClusterEvent, History, Verdict, VerdictOutcome, WatchGap
from tests.histories import FORCED, Story, a, ns, pod_replacement
from tests.judging import verdict_of

T0_S = 1.5  # when the deletion of `pod_replacement`'s first trial is accepted
LATE = Story(ends_s=70.0)


def with_gap(history: History, from_s: float, to_s: float, *, lossless: bool = True, kind: str = "Pod") -> History:
    """A gap of a watch, in seconds since the deletion; what came in it was seen at its end."""
    history.gaps.append(WatchGap(kind, ns(T0_S + from_s), ns(T0_S + to_s), "stalled", lossless))
    history.events = [_late(event, history.gaps[-1]) for event in history.events]
    return history


def _late(event: ClusterEvent, gap: WatchGap) -> ClusterEvent:
    inside = event.kind == gap.kind and gap.from_ns <= event.at_ns <= gap.to_ns
    return replace(event, at_ns=gap.to_ns) if inside else event


def never_shown(history: History) -> History:
    """The new pod's events are missing, as those that a blind watch should have told at the end."""
    history.events = [e for e in history.events if e.uid != "uid-1-new"]
    return history


def outcome(history: History, checker: str) -> VerdictOutcome:
    return verdict_of(history, checker).outcome


def test_a_successor_that_was_not_seen_in_a_gap_may_have_been_there() -> None:
    seen = never_shown(pod_replacement(LATE))
    assert outcome(seen, "identity-kept") is VerdictOutcome.FAIL
    blind = with_gap(seen, 40, 75)
    assert outcome(blind, "identity-kept") is VerdictOutcome.UNKNOWN
    assert outcome(blind, "recovered-within") is VerdictOutcome.UNKNOWN
    assert {r.right_at_end for r in recoveries(Reading(blind))} == {None}


def test_an_address_that_no_event_explains_is_not_a_wrong_one() -> None:
    (trial,) = trials(Reading(never_shown(pod_replacement(LATE))))
    others = ("10.244.2.10", "10.244.2.11")
    service = RecordKind.SERVICE_A
    assert state_of(a(*others), service, trial, "web") is State.ABSENT  # each of them another pod's
    assert state_of(a("10.244.9.9", *others), service, trial, "web") is State.UNKNOWN


@pytest.mark.parametrize("kind", [RecordKind.SERVICE_A, RecordKind.POD_A])
def test_a_pod_that_came_and_went_unseen_may_have_had_an_address(kind: RecordKind) -> None:
    (whole,) = trials(Reading(pod_replacement()))
    assert state_of(a("10.244.9.9"), kind, whole, "web") is State.ABSENT
    (hidden,) = trials(Reading(with_gap(pod_replacement(), 5, 20, lossless=False)))
    assert state_of(a("10.244.9.9"), kind, hidden, "web") is State.UNKNOWN
    (late,) = trials(Reading(with_gap(pod_replacement(), 5, 20)))
    assert state_of(a("10.244.9.9"), kind, late, "web") is State.ABSENT


def test_that_two_served_is_not_excluded_where_a_third_may_have_been_hidden() -> None:
    forced = replace(FORCED, old_stops_s=0.5)
    (seen,) = overlaps(Reading(pod_replacement(forced)))
    assert seen.unknown == ""
    assert seen.at_most_ns is not None
    (hidden,) = overlaps(Reading(with_gap(pod_replacement(forced), 0.6, 0.7, lossless=False)))
    assert (hidden.at_least_ns, hidden.at_most_ns) == (0, None)
    assert "unseen" in hidden.unknown
    (both,) = overlaps(Reading(with_gap(pod_replacement(FORCED), 0.6, 0.7, lossless=False)))
    assert both.at_least_ns > 0  # what samples show is so, whatever was hidden


def test_an_instant_from_a_gap_is_a_bound_and_ends_no_duration() -> None:
    (line,) = timelines(Reading(with_gap(pod_replacement(), 31.5, 32.5)))
    ready = next(b for b in line.boundaries if b.key == "ready")
    assert ready.late
    assert ready.interval is not None
    assert (ready.interval.after_ns, ready.interval.before_ns) == (ns(T0_S + 31.5), ns(T0_S + 32.5))
    assert line.between("accepted", "old-gone") is not None
    assert line.between("created", "ready") is None
    assert line.between("ready", "dns-back") is None


@pytest.mark.parametrize(("kind", "expected"), [("Pod", VerdictOutcome.UNKNOWN), ("Service", VerdictOutcome.OK)])
def test_an_experiments_own_checker_is_not_believed_about_a_disturbed_watch(
    kind: str, expected: VerdictOutcome
) -> None:
    """Only where something came in the gap: of a service nothing did."""
    history = with_gap(pod_replacement(), 31.5, 31.9, kind=kind)
    history.events.append(
        ClusterEvent(ns(T0_S + 31.9), "MODIFIED", "Pod", "default", "web-5", "u", {"metadata": {"name": "web-5"}})
    )

    def in_order(_: Reading) -> Verdict:
        return Verdict("in-order", VerdictOutcome.OK, "In order.")

    assert judge(Reading(history), [in_order])[0].outcome is expected
    (answer,) = answer_all(Reading(history), [Question("q", "Was it in order?", lambda _: "Yes.")])
    assert answer.answer.startswith("This run cannot say") == (expected is VerdictOutcome.UNKNOWN)


def test_a_service_may_have_been_changed_and_changed_back_in_a_gap() -> None:
    history = pod_replacement()
    obj = {"metadata": {"name": "web", "generation": 1}}
    history.events.append(ClusterEvent(1, "ADDED", "StatefulSet", "default", "web", "s", obj, initial=True))
    assert outcome(history, "target-left-alone") is VerdictOutcome.OK
    assert outcome(with_gap(history, 5, 6, kind="Service"), "target-left-alone") is VerdictOutcome.OK
    assert outcome(with_gap(history, 7, 8, kind="Service", lossless=False), "target-left-alone") is (
        VerdictOutcome.UNKNOWN
    )
