"""Conditions that no other test notices when they are flipped; `make mutants` finds such."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.claims import (
    Finding,
    UnmeasuredError,
    accepted,
    accepted_ns,
    against,
    against_if,
    checker,
    held,
    holds,
    known,
    listed,
    need,
    unsure,
    where_measured,
)
from chaos.analysis.coverage import covered, longest_gap_ns, tolerated_gap_ns, uncovered, unwatched
from chaos.analysis.gaps import gap_at, not_told_in_time
from chaos.analysis.identity import identities
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import recoveries
from chaos.model import (
    ClusterEvent,
    FaultWindow,
    History,
    Interval,
    Outcome,
    PodIdentity,
    Samples,
    Series,
    Verdict,
    VerdictOutcome,
    WatchGap,
)
from chaos.model.figure import plain
from tests.histories import FORCED, NXDOMAIN, TIMED_OUT, Builder, Story, Truth, a, ns, pod, pod_replacement
from tests.judging import verdict_of

OK, FAIL, UNKNOWN = VerdictOutcome.OK, VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN
WEB_1 = PodIdentity("web-1", "old", "10.0.0.1", "node-1", "web-1", "1")


def said(history: History, name: str) -> tuple[VerdictOutcome, str]:
    """A verdict as one reads it."""
    found = verdict_of(history, name)
    return found.outcome, found.summary


def fault(name: str, trial: int, sent_s: float, *, outcome: str = "accepted", **more: Any) -> FaultWindow:
    """One of web-1 that lasts for 10 s."""
    accepted_at_ns = ns(sent_s + 0.001) if outcome == "accepted" else None
    more = {"targets": (WEB_1,), "ended_ns": ns(sent_s + 10), **more}
    return FaultWindow(name, trial, outcome=outcome, sent_ns=ns(sent_s), accepted_ns=accepted_at_ns, **more)


def replaced(*, sampled: bool = True) -> Builder:
    """One deletion of web-1 at 10 s; its successor is Ready at 13 s and its name right again at 13.5 s."""
    build = Builder()
    build.history.faults.append(fault("delete-pod", 1, 10.0))
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), "ADDED", initial=True)
    build.event(10.1, "Pod", pod("web-1", "old", "10.0.0.1", ready=True, grace_s=1))
    build.event(11.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed", grace_s=1), "DELETED")
    build.event(13.0, "Pod", pod("web-1", "new", "10.0.0.2", ready=True), "ADDED")
    if sampled:
        own = build.series("dns", "A web-1.web", "coredns-a", "web-1", period_s=0.1)
        build.sample(own, 5.0, 20.0, right)
    return build


# ---- claims ----


def test_the_first_accepted_fault_of_a_name_is_meant() -> None:
    build = Builder()
    build.history.faults += [
        fault("cordon", 1, 1.0),
        fault("delete-pod", 2, 2.0, outcome="refused"),
        fault("delete-pod", 3, 3.0),
        fault("delete-pod", 4, 4.0),
    ]
    reading = Reading(build.done())
    assert accepted(reading, "delete-pod", "none").trial == 3
    with pytest.raises(UnmeasuredError, match="nobody drained"):
        accepted(reading, "drain", "nobody drained")
    assert accepted_ns(reading.faults[0]) == ns(1.001)
    with pytest.raises(UnmeasuredError, match="delete-pod was not accepted"):
        accepted_ns(reading.faults[1])


def test_a_checker_that_finds_nothing_is_unknown_and_counts_accepted_faults() -> None:
    @checker("events.jsonl")
    def finds_nothing(_: Reading) -> Iterator[Finding]:
        yield from ()

    build = Builder()
    build.history.faults += [
        fault("cordon", 1, 1.0),
        fault("cordon", 2, 2.0),
        fault("cordon", 3, 3.0, outcome="refused"),
    ]
    found = finds_nothing(Reading(build.done()))
    assert (found.outcome, found.faults, found.evidence) == (UNKNOWN, 2, ("events.jsonl",))
    assert found.summary == (
        "Cannot be judged: the checker yielded nothing in this run, neither holds(…) nor against(…) nor unsure(…)."
    )


@pytest.mark.parametrize(
    ("findings", "expected", "text"),
    [
        ([holds("A."), holds("B.")], OK, "A. B."),
        ([holds("A."), unsure("b")], UNKNOWN, "Cannot be judged: b."),
        ([holds("A."), unsure("b"), against("c")], FAIL, "c."),
        ([against_if(1, "heard"), unsure("b")], FAIL, "heard."),
        ([against_if(0, "not heard")], UNKNOWN, "Cannot be judged: not heard."),
    ],
)
def test_what_speaks_against_it_counts_most_and_what_holds_least(
    findings: list[Finding], expected: VerdictOutcome, text: str
) -> None:
    @checker()
    def finds(_: Reading) -> list[Finding]:
        return findings

    found = finds(Reading(Builder().done()))
    assert (found.outcome, found.summary) == (expected, text)
    if expected is OK:
        assert held(Reading(Builder().done()), finds) == text
    else:
        with pytest.raises(UnmeasuredError, match="finds is "):
            held(Reading(Builder().done()), finds)


def test_more_reasons_than_four_are_counted() -> None:
    assert listed(list("abcd")) == "a; b; c; d."
    assert listed(list("abcde")) == "a; b; c; d; and 1 more."


@pytest.mark.parametrize("nothing", [None, 0, "", [], False])
def test_what_is_needed_and_not_there_ends_it(nothing: object) -> None:
    need([0], "it is there")
    with pytest.raises(UnmeasuredError, match="nothing there"):
        need(nothing, "nothing there")
    if nothing is None:
        with pytest.raises(UnmeasuredError, match="not known"):
            known(nothing, "not known")
    else:
        assert known(nothing, "not known") == nothing


def test_sentences_end_where_one_needs_what_was_not_seen() -> None:
    def two() -> Iterator[str]:
        yield "one"
        need(0, "no second one")
        yield "two"

    assert list(where_measured(two)) == ["one"]


# ---- coverage ----


@pytest.mark.parametrize(
    ("within_s", "period_s", "limit_s", "expected_s"),
    [
        (60.0, 0.01, None, 3.0),
        (60, 2.0, None, 6.0),
        (60.0, 0.01, 20.0, 1.0),
        (None, 0.01, None, 0.03),
        (None, 0.01, 20.0, 1.0),
    ],
)
def test_three_periods_or_a_twentieth_of_the_limit_may_stay_unseen(
    within_s: float | None, period_s: float, limit_s: float | None, expected_s: float
) -> None:
    reading = Reading(Builder(parameters={"within_s": within_s}).done())
    assert tolerated_gap_ns(reading, period_s, limit_s) == ns(expected_s)


def test_the_ends_of_the_time_bound_gaps_and_what_lies_outside_does_not_count() -> None:
    assert longest_gap_ns([4, 5], 0, 10) == 5
    assert longest_gap_ns([6, 1], 0, 10) == 5
    assert longest_gap_ns([], 0, 10) == 10
    assert longest_gap_ns([-1, 5, 12], 0, 9) == 5
    assert longest_gap_ns([-100, 100], 0, 10) == 10


@pytest.mark.parametrize(("to_s", "whole"), [(4.0, True), (4.001, False)])
def test_a_gap_that_is_just_tolerated_covers(to_s: float, whole: bool) -> None:
    build = Builder()
    own = build.series("dns", "A web-1.web", "coredns-a", "web-1")
    build.add(own, 1.0, 1.001, a("10.0.0.1"))
    build.add(own, 2.5, 2.501, TIMED_OUT)
    reading = Reading(build.done())
    assert covered(reading, own, ns(1.0), ns(to_s)) is whole
    assert uncovered(reading, "A web-1.web", ns(1.0), ns(to_s)) == ([] if whole else ["coredns-a"])


def test_what_one_place_heard_covers_a_view_for_all_and_other_views_do_not() -> None:
    build = Builder()
    for view in ("coredns-a", "coredns-b"):
        own = build.series("dns", "A web-1.web", view, "web-1")
        build.add(own, 1.0, 1.001, a("10.0.0.1"))
        if view == "coredns-b":
            build.add(own, 3.0, 3.001, a("10.0.0.1"))
    elsewhere = replace(own, id=2, vantage="agent")
    build.history.series.append(elsewhere)
    build.history.samples[2] = type(build.history.samples[0])()
    build.add(elsewhere, 5.0, 5.001, a("10.0.0.1"))
    other = build.series("tcp", "A web-1.web", "coredns-c", "web-1")
    build.add(other, 1.0, 1.001, a("10.0.0.1"))
    assert uncovered(Reading(build.done()), "A web-1.web", ns(1.0), ns(6.0)) == ["coredns-a"]


@pytest.mark.parametrize(
    ("kind", "from_ns", "to_ns", "expected"),
    [("Pod", 0, 10, True), ("Pod", 0, 9, False), ("Pod", 20, 30, True), ("Pod", 21, 30, False), ("Node", 0, 30, False)],
)
def test_a_gap_hides_what_it_touches(kind: str, from_ns: int, to_ns: int, expected: bool) -> None:
    build = Builder()
    build.history.gaps.append(WatchGap("Pod", 10, 20, "stalled"))
    assert unwatched(Reading(build.done()), kind, from_ns, to_ns) is expected


# ---- gaps ----


def test_a_gap_holds_its_ends() -> None:
    gaps = [WatchGap("Service", 0, 100, "stalled"), WatchGap("Pod", 10, 20, "stalled")]
    assert [gap_at(gaps, "Pod", at_ns) for at_ns in (9, 10, 20, 21)] == [None, gaps[1], gaps[1], None]


def disturbed(
    *gaps: tuple[float, float], told_s: tuple[float, ...], initial: bool = False, lossless: bool = True
) -> str:
    """What is said of a watch of pods with these gaps that told something then; the fault was sent at 10 s."""
    build = Builder()
    build.history.faults.append(fault("cordon", 1, 10.0, replaces=False))
    build.history.gaps += [WatchGap("Pod", ns(from_s), ns(to_s), "stalled", lossless) for from_s, to_s in gaps]
    for at_s in told_s:
        build.event(at_s, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), initial=initial)
    return plain(not_told_in_time(Reading(build.done())))


def test_only_a_gap_since_the_fault_in_which_something_came_disturbs() -> None:
    of_one = "the watch was disturbed (of Pod from {} s to {} s), so what happened when is not known"
    assert disturbed((5.0, 9.9), told_s=(9.0,)) == ""
    assert disturbed((5.0, 10.0), told_s=(9.0,)) == of_one.format("5.00", "10.00")
    assert disturbed((11.0, 12.0), told_s=(10.9, 12.1)) == ""
    assert disturbed((11.0, 12.0), told_s=(11.0,)) == of_one.format("11.00", "12.00")
    assert disturbed((11.0, 12.0), told_s=(12.0,)) == of_one.format("11.00", "12.00")
    assert disturbed((11.0, 12.0), told_s=(11.5,), initial=True) == ""
    assert disturbed((11.0, 12.0), told_s=(), lossless=False) == of_one.format("11.00", "12.00")


def test_more_gaps_than_two_are_counted() -> None:
    spans, told_s = ((11.0, 12.0), (13.0, 14.0), (15.0, 16.0)), (11.5, 13.5, 15.5)
    shown = "(of Pod from 11.00 s to 12.00 s, of Pod from 13.00 s to 14.00 s{})"
    assert shown.format("") in disturbed(*spans[:2], told_s=told_s)
    assert shown.format(" and 1 more") in disturbed(*spans, told_s=told_s)


@pytest.mark.parametrize(("outcome", "text"), [(OK, "Cannot be judged: the watch was"), (UNKNOWN, "Not seen.")])
def test_an_own_checker_that_knows_nothing_keeps_its_words(outcome: VerdictOutcome, text: str) -> None:
    build = replaced(sampled=False)
    build.history.gaps.append(WatchGap("Pod", ns(12.9), ns(13.0), "stalled"))

    def own(_: Reading) -> Verdict:
        return Verdict("own", outcome, "Not seen.")

    (found,) = judge(Reading(build.done()), [own])
    assert found.outcome is UNKNOWN
    assert found.summary.startswith(text)


# ---- fault-took-effect ----

WITHOUT = "trial 1: no event of web-1 was seen after cordon"


def test_a_refused_fault_is_told_with_its_reason() -> None:
    build = Builder()
    build.history.faults += [
        fault("cordon", 1, 1.0, outcome="refused", detail="forbidden", replaces=False),
        fault("delete-pod", 2, 2.0, outcome="unknown"),
    ]
    assert said(build.done(), "fault-took-effect") == (
        UNKNOWN,
        "Cannot be judged: trial 1: cordon was refused (forbidden); trial 2: delete-pod was unknown.",
    )


def test_each_kind_of_fault_is_told_as_what_it_did() -> None:
    build = replaced(sampled=False)
    first = (
        "The watch saw the deletion of each target begin. 1 of 1 target had a Ready successor with a new UID by the "
        "end of the trial."
    )
    assert said(build.done(), "fault-took-effect") == (OK, f"1 of 1 fault took effect. {first}")
    build.history.faults.append(fault("cordon", 2, 15.0, replaces=False))
    build.event(15.1, "Pod", pod("web-1", "new", "10.0.0.2"))
    assert said(build.done(), "fault-took-effect") == (
        OK,
        f"2 of 2 faults took effect. {first} The API server accepted cordon web-1, which replaces no pod.",
    )
    build.history.faults[:1] = []
    assert said(build.done(), "fault-took-effect") == (
        OK,
        "1 of 1 fault took effect. The API server accepted cordon web-1, which replaces no pod.",
    )


@pytest.mark.parametrize(
    ("at_s", "kind", "name", "expected"),
    [
        (1.5, "Pod", "web-1", OK),
        (1.5, "Pod", "web-2", UNKNOWN),
        (1.5, "Node", "web-1", UNKNOWN),
        (0.5, "Pod", "web-1", UNKNOWN),
    ],
)
def test_a_fault_that_replaces_nobody_is_seen_by_a_change_of_its_pod(
    at_s: float, kind: str, name: str, expected: VerdictOutcome
) -> None:
    build = Builder()
    build.history.faults.append(fault("cordon", 1, 1.0, replaces=False))
    build.event(at_s, kind, pod(name, "uid", "10.0.0.1"))
    outcome, text = said(build.done(), "fault-took-effect")
    assert outcome is expected
    assert (WITHOUT in text) is (expected is UNKNOWN)


# ---- steady-state ----


def steady(
    phase: str, trial: int, at_s: float, *, took_s: float | None = 0.4, **more: Any
) -> tuple[int, str, dict[str, Any]]:
    """The note of one look at the steady state."""
    details: dict[str, Any] = {
        "reached": took_s is not None,
        "within_s": 60,
        "took_s": took_s,
        "missing": [],
        "phase": phase,
        "trial": trial,
    }
    return ns(at_s), "steady-state", details | more


def looked(*marks: tuple[int, str, dict[str, Any]], faults: int = 1, **more: Any) -> tuple[VerdictOutcome, str]:
    """What the checker says of these looks, at faults 10 s apart from 10 s on."""
    build = Builder()
    build.history.faults += [fault("delete-pod", n, 10.0 * n, **more) for n in range(1, faults + 1)]
    build.history.marks += marks
    return said(build.done(), "steady-state")


BEFORE = steady("before", 0, 1.0)


def test_a_steady_state_is_told_with_the_slowest() -> None:
    both = steady("after", 1, 15.0, took_s=1.25), steady("after", 2, 25.0, took_s=0.3)
    outcome, text = looked(BEFORE, *both, faults=2)
    assert outcome is OK
    assert text == (
        "Everything was right before the first fault, and again after each of 2 faults. "
        "The longest took at most 5.00 s from the fault's acceptance."
    )
    later = looked(BEFORE, steady("after", 1, 15.0), steady("after", 2, 27.0), steady("after", 2, 29.0), faults=2)
    assert later[1].endswith("at most 7.00 s from the fault's acceptance.")


def test_a_state_that_was_not_looked_at_is_unknown() -> None:
    assert looked(steady("after", 1, 15.0)) == (
        UNKNOWN,
        "Cannot be judged: the state before the first fault was not checked.",
    )
    assert looked(BEFORE) == (UNKNOWN, "Cannot be judged: trial 1: the state after the fault was not checked.")
    assert looked(BEFORE, steady("after", 1, 15.0), faults=0) == (UNKNOWN, "Cannot be judged: there was no trial.")


def test_of_faults_that_replace_nobody_only_the_last_one_needs_a_look() -> None:
    outcome, text = looked(BEFORE, steady("after", 3, 35.0), faults=3, replaces=False)
    assert outcome is OK
    assert "and again after the last of 3 faults." in text
    assert looked(BEFORE, steady("after", 1, 15.0), faults=3, replaces=False) == (
        UNKNOWN,
        "Cannot be judged: trial 3: the state after the fault was not checked.",
    )


def test_a_look_within_the_time_of_a_longer_fault_is_one_after_both() -> None:
    build = Builder()
    build.history.faults += [fault("delete-pod", 1, 10.0), fault("delete-pod", 2, 12.0, ended_ns=ns(14.0))]
    build.history.marks += [BEFORE, steady("after", 2, 15.0)]
    assert said(build.done(), "steady-state")[1].startswith(
        "Everything was right before the first fault, and again after each"
    )
    build.history.marks[-1] = steady("after", 2, 25.0)
    assert said(build.done(), "steady-state")[1] == (
        "Cannot be judged: trial 1: the state after the fault was not checked."
    )


def test_what_was_missed_is_told_and_when() -> None:
    missing = ["a", "b", "c", "d"]
    assert looked(BEFORE, steady("after", 1, 15.0, took_s=None, missing=missing)) == (
        FAIL,
        "not reached after the fault of trial 1 within 60 s (a, b, c, …).",
    )
    assert looked(BEFORE, steady("after", 1, 15.0, took_s=None, missing=missing[:3])) == (
        FAIL,
        "not reached after the fault of trial 1 within 60 s (a, b, c).",
    )
    assert looked(steady("before", 0, 1.0, took_s=None), steady("after", 1, 15.0)) == (
        UNKNOWN,
        "Cannot be judged: not reached before the faults within 60 s.",
    )


@pytest.mark.parametrize(
    ("missing", "unheard", "expected"),
    [(["a"], ["a", "b"], UNKNOWN), (["a", "b"], ["a"], FAIL), ([], ["a"], UNKNOWN), (["a"], None, FAIL)],
)
def test_only_silence_is_no_failure(missing: list[str], unheard: list[str] | None, expected: VerdictOutcome) -> None:
    assert looked(BEFORE, steady("after", 1, 15.0, took_s=None, missing=missing, unheard=unheard))[0] is expected


# ---- target-left-alone ----


def of_set(at_s: float, uid: str = "s", name: str = "web", kind: str = "StatefulSet", **meta: Any) -> ClusterEvent:
    """An event of the StatefulSet."""
    return ClusterEvent(ns(at_s), "MODIFIED", kind, "default", name, uid, {"metadata": meta})


def test_the_target_is_the_statefulset_of_its_name() -> None:
    build = replaced(sampled=False)
    build.history.events += [
        of_set(1.0, name="other", generation=1),
        of_set(1.0, kind="Service", generation=1),
    ]
    assert said(build.history, "target-left-alone") == (
        UNKNOWN,
        "Cannot be judged: no event of StatefulSet web was seen.",
    )
    build.history.events += [
        of_set(2.0, generation=1),
        of_set(3.0, generation=1),
        of_set(4.0, name="other", generation=7),
    ]
    assert said(build.history, "target-left-alone") == (
        OK,
        "The spec of StatefulSet web was the same from the first to the last of 2 events.",
    )
    build.history.gaps += [
        WatchGap("Node", ns(3.0), ns(4.0), "stalled"),
        WatchGap("Pod", ns(3.0), ns(4.0), "stalled", True),
    ]
    assert verdict_of(build.history, "target-left-alone").outcome is OK
    build.history.gaps.append(WatchGap("Pod", ns(5.0), ns(6.0), "stalled"))
    assert said(build.history, "target-left-alone") == (
        UNKNOWN,
        "Cannot be judged: the watch of Pod was blind from 5.00 s to 6.00 s.",
    )


# ---- recovered-within, identity-kept ----


def test_trials_without_effect_are_told_beside_the_others() -> None:
    build = replaced()
    build.history.faults.append(fault("delete-pod", 2, 20.5, targets=(replace(WEB_1, name="web-7", uid="seven"),)))
    build.history.faults.append(fault("delete-pod", 3, 31.0, outcome="refused"))
    for name in ("recovered-within", "identity-kept", "single-identity"):
        outcome, text = said(build.history, name)
        assert outcome is UNKNOWN
        assert "trial 2: no event of the pod was seen; trial 3: the fault was refused" in text
        assert "there was no trial" not in text


@pytest.mark.parametrize("name", ["recovered-within", "identity-kept", "single-identity"])
def test_where_nothing_was_injected_there_was_no_trial(name: str) -> None:
    build = replaced()
    build.history.faults.clear()
    outcome, text = said(build.history, name)
    assert outcome is UNKNOWN
    assert text.startswith("Cannot be judged: there was no trial")


def test_the_deployments_pod_without_an_answer_is_told() -> None:
    build = Builder()
    details: dict[str, Any] = {"deployment": "d", "deleted": "d-1", "replacement": "d-2", "per_pod_record": ""}
    build.history.marks.append((1, "contrast", details | {"replacement_record": "", "address_shaped_record": ""}))
    assert said(build.history, "deployment-contrast") == (
        UNKNOWN,
        "Cannot be judged: the query for the Deployment's pod gave nothing.",
    )
    build.history.marks[0][2]["per_pod_record"] = "SERVFAIL"
    assert "gave SERVFAIL." in said(build.history, "deployment-contrast")[1]
    build.history.marks[0][2]["deleted"] = ""
    assert said(build.history, "deployment-contrast")[1].startswith(
        "Cannot be judged: the Deployment's pods are not named; the query"
    )


def test_a_name_that_came_back_is_told_with_how_long_it_took() -> None:
    outcome, text = said(replaced().done(), "recovered-within")
    assert outcome is OK
    assert text == (
        "Every A record was right within 60 s of the deletion, at every view. In 1 of 1 case (a record at a view after "
        "a fault) it was wrong for a time. The last was right for good at most 3.50 s after the deletion."
    )


def right(at_s: float) -> Outcome:
    """What is answered for the name of `replaced`."""
    return NXDOMAIN if 10.5 <= at_s < 13.5 else a("10.0.0.1" if at_s < 10.5 else "10.0.0.2")


def missing(at_s: float) -> Outcome:
    """The same where it does not come back."""
    return NXDOMAIN if at_s >= 10.5 else a("10.0.0.1")


def sampled(build: Builder, truth: Truth, *, vantage: str = "local", until_s: float = 20.0) -> Series:
    """The name as it was seen from a place, until then."""
    history = build.history
    series = Series(len(history.series), "dns", "A web-1.web", "coredns-a", "web-1", "n", 0.1, 1.0, vantage=vantage)
    history.series.append(series)
    history.samples[series.id] = Samples()
    build.sample(series, 5.0, until_s, truth)
    return series


def lost(build: Builder, vantage: str, at_s: float) -> None:
    """The place is gone from then on."""
    details = {"vantage": vantage, "node": "n", "reason": "evicted", "samples": 1}
    build.history.marks.append((ns(at_s), "vantage-lost", details))


def within(build: Builder, limit_ns: int) -> tuple[VerdictOutcome, str]:
    """What the checker says with that limit, in nanoseconds since the fault was accepted."""
    build.history.meta.parameters["within_s"] = limit_ns / 1e9
    return said(build.done(), "recovered-within")


def bounds(build: Builder) -> Interval:
    """Of the one recovery, since the fault was accepted."""
    (found,) = recoveries(Reading(build.done()))
    assert found.lasting is not None
    zero_ns, before_ns = found.trial.accepted_ns, found.lasting.before_ns
    return Interval(found.lasting.after_ns - zero_ns, None if before_ns is None else before_ns - zero_ns)


def test_the_limit_is_kept_by_the_upper_bound_and_missed_by_the_lower_one() -> None:
    build = replaced()
    found = bounds(build)
    assert found.before_ns is not None
    assert within(build, found.before_ns)[0] is OK
    assert within(build, found.before_ns - 1)[0] is UNKNOWN
    assert within(build, found.after_ns)[0] is UNKNOWN
    outcome, text = within(build, found.after_ns - 1)
    assert outcome is FAIL
    assert re.fullmatch(
        r"trial 1 A web-1.web at coredns-a was right again between 3\.\d\d and 3\.\d\d s after the fault\.", text
    )
    build.history.samples[0].outcome[-30] = build.outcome(NXDOMAIN)
    assert "was right again for good between" in within(build, found.after_ns)[1]


def test_an_acceptance_that_was_told_late_may_have_used_up_the_limit() -> None:
    """A slow answer, or one that reading back stood for: a recovery is in time only if it is so from the request on."""
    build = replaced()
    (fault,) = build.history.faults
    build.history.faults[:] = [replace(fault, sent_ns=fault.sent_ns - ns(4))]
    found = bounds(build)
    assert found.before_ns is not None
    assert within(build, found.before_ns)[0] is UNKNOWN
    late_ns = build.history.faults[0].accepted_ns or 0
    assert within(build, found.before_ns + late_ns - build.history.faults[0].sent_ns)[0] is OK
    assert within(build, found.after_ns - 1)[0] is FAIL


def test_a_name_that_is_missing_at_the_end_fails_where_it_was_seen_so_after_the_limit() -> None:
    build = replaced(sampled=False)
    sampled(build, missing)
    found = bounds(build)
    outcome, text = within(build, found.after_ns)
    assert outcome is UNKNOWN
    assert "is unknown" not in text
    outcome, text = within(build, found.after_ns - 1)
    assert outcome is FAIL
    assert re.search(
        r"coredns-a was not right (9\.9\d|10\.00) s after the deletion, when it was last seen wrong\.", text
    )


def test_a_name_whose_only_vantage_was_lost_is_judged_by_what_that_saw() -> None:
    build = replaced(sampled=False)
    sampled(build, missing, until_s=18.0)
    lost(build, "local", 18.0)
    outcome, text = within(build, ns(3.0))
    assert outcome is FAIL
    assert "when it was last seen wrong" in text
    outcome, text = within(build, ns(9.0))
    assert outcome is UNKNOWN
    assert text == (
        "Cannot be judged: trial 1 A web-1.web at coredns-a is unknown: local was lost 8.0 s after the fault: evicted."
    )


def test_a_name_that_was_not_heard_of_long_enough_is_unknown() -> None:
    build = replaced(sampled=False)
    sampled(build, lambda at_s: TIMED_OUT if 15.0 < at_s < 19.0 else right(at_s))
    outcome, text = within(build, ns(60.0))
    assert outcome is UNKNOWN
    assert re.search(r"is unknown: for 4\.\d\d s no answer said anything\.", text)


def test_too_few_right_answers_are_told() -> None:
    build = replaced(sampled=False)
    sampled(build, lambda at_s: a("10.0.0.1") if at_s < 10.5 else NXDOMAIN if at_s < 19.8 else a("10.0.0.2"))
    outcome, text = within(build, ns(60.0))
    assert outcome is UNKNOWN
    assert text.endswith("at coredns-a is unknown: too few right answers followed the last wrong one.")


def test_names_that_were_never_lost_are_counted() -> None:
    build = replaced(sampled=False)
    build.history.events[-1].object["status"]["podIP"] = "10.0.0.1"
    sampled(build, lambda _: a("10.0.0.1"))
    outcome, text = within(build, ns(60.0))
    assert outcome is OK
    assert text == "Every A record was right within 60 s of the deletion, at every view. None was ever seen wrong."


def test_a_trial_whose_name_was_not_asked_for_is_told() -> None:
    build = replaced(sampled=False)
    assert within(build, ns(60.0)) == (
        UNKNOWN,
        "Cannot be judged: trial 1: no A record of web-1 was asked for; no A record was asked for.",
    )
    build.history.meta.parameters.clear()
    assert said(build.history, "recovered-within")[1] == "Cannot be judged: the run names no limit (within_s)."


def test_only_addresses_are_judged() -> None:
    build = replaced()
    series = build.series("dns", "SRV web", "coredns-a", period_s=0.1)
    build.sample(series, 5.0, 20.0, lambda at_s: a() if at_s >= 10.5 else Outcome("NOERROR", values=("web-1.web",)))
    outcome, text = within(build, ns(60.0))
    assert outcome is OK
    assert "In 1 of 1 case (a record at a view after a fault)" in text


def test_a_pair_that_one_vantage_lost_rests_on_the_other() -> None:
    build = replaced(sampled=False)
    sampled(build, right, vantage="agent-0")
    sampled(build, right, vantage="agent-1", until_s=12.0)
    lost(build, "agent-1", 12.0)
    outcome, text = within(build, ns(60.0))
    assert outcome is OK
    assert text.endswith(
        "Measured from 1 vantage; 1 of 2 measured throughout. Lost: agent-1 (evicted). "
        "Others measured what a vantage could not: 1 pair."
    )


def test_a_pair_that_one_vantage_could_not_place_in_time_rests_on_the_other() -> None:
    build = replaced(sampled=False)
    for name in ("agent-0", "agent-1"):
        sampled(build, right, vantage=name)
    span = {"vantage": "agent-1", "from_ns": ns(9.0), "to_ns": ns(20.0), "reason": "it moved by 2 s"}
    build.history.marks.append((ns(15.0), "clock-unsure", span))
    outcome, text = within(build, ns(60.0))
    assert outcome is OK
    assert text.endswith(
        "Measured from 1 vantage; 1 of 2 measured throughout. Others measured what a vantage could not: 1 pair."
    )


def test_why_its_only_vantage_could_not_place_it_is_told() -> None:
    build = replaced(sampled=False)
    sampled(build, right, vantage="agent-0")
    span = {"vantage": "agent-0", "from_ns": ns(9.0), "to_ns": ns(20.0), "reason": "it moved by 2 s"}
    build.history.marks.append((ns(15.0), "clock-unsure", span))
    outcome, text = within(build, ns(60.0))
    assert outcome is UNKNOWN
    assert "is unknown: the clock of agent-0 was not known well enough then: it moved by 2 s" in text


def test_what_both_measured_is_told_without_a_loss() -> None:
    build = replaced(sampled=False)
    for name in ("agent-0", "agent-1"):
        sampled(build, right, vantage=name)
    outcome, text = within(build, ns(60.0))
    assert outcome is OK
    assert text.endswith("Measured from 2 vantages; 2 of 2 measured throughout.")


def test_what_the_other_vantage_did_not_hear_either_is_unknown() -> None:
    build = replaced(sampled=False)
    sampled(build, lambda at_s: TIMED_OUT if 15.0 < at_s < 19.0 else right(at_s), vantage="agent-0")
    sampled(build, right, vantage="agent-1", until_s=12.0)
    lost(build, "agent-1", 12.0)
    outcome, text = within(build, ns(60.0))
    assert outcome is UNKNOWN
    assert "at coredns-a from agent-0 is unknown: for 4" in text
    assert "at coredns-a from agent-1 is unknown: agent-1 was lost" in text


def test_what_a_vantage_saw_wrong_after_the_limit_counts_though_it_was_lost_then() -> None:
    build = replaced(sampled=False)
    sampled(build, right, vantage="agent-0")
    sampled(build, missing, vantage="agent-1", until_s=18.0)
    lost(build, "agent-1", 18.0)
    assert within(build, ns(5.0))[0] is FAIL
    assert within(build, ns(9.0))[0] is UNKNOWN  # it had contradicted the other one


# ---- identity-kept ----


def test_what_was_kept_is_told_and_neither_the_uid_nor_what_a_pod_has_not() -> None:
    outcome, text = said(pod_replacement(), "identity-kept")
    assert outcome is OK
    assert text == (
        "In 1 of 1 replacement the pod came back with a new UID and the same name, ordinal, hostname, subdomain, "
        "A record, SRV entry, reverse record."
    )


@pytest.mark.parametrize(("within_s", "expected"), [(9.999, FAIL), (10.0, UNKNOWN)])
def test_a_pod_that_is_missing_when_the_limit_is_over_is_late(within_s: float, expected: VerdictOutcome) -> None:
    """Its trial ends 9.999 s after the deletion was accepted."""
    build = replaced(sampled=False)
    build.history.events[:] = [event for event in build.history.events if event.uid != "new"]
    build.history.meta.parameters["within_s"] = within_s
    assert said(build.done(), "identity-kept")[0] is expected
    build.history.gaps.append(WatchGap("Pod", ns(19.0), ns(21.0), "stalled"))
    assert said(build.done(), "identity-kept")[0] is UNKNOWN


# ---- the facets of an identity ----


def facets(build: Builder) -> dict[str, tuple[bool | None, str]]:
    """What was kept of the one identity, and what is noted of it, where it applies."""
    (found,) = identities(Reading(build.done()))
    return {f.name: (f.kept, f.note) for f in found.facets if f.applies}


def test_without_a_new_pod_nothing_of_it_is_known() -> None:
    build = replaced()
    build.history.events[:] = [event for event in build.history.events if event.uid != "new"]
    found = facets(build)
    unseen = ("name", "new UID", "ordinal", "hostname", "subdomain", "volume claims")
    assert {name: found[name] for name in unseen} == dict.fromkeys(unseen, (None, "no new pod was seen"))


def test_a_new_pod_of_another_shape_is_told_with_both() -> None:
    build = replaced()
    other = build.history.events[-1].object
    other["metadata"]["labels"] = None
    other["spec"]["hostname"] = "localhost"
    other["spec"]["subdomain"] = ""
    found = facets(build)
    assert found["name"] == (True, "web-1")
    assert found["new UID"] == (True, "new")
    assert found["ordinal"] == (False, "1 became none")
    assert found["hostname"] == (False, "web-1 became localhost")
    assert found["subdomain"] == (False, "web became none")
    assert "volume claims" not in found
    for event in build.history.events:  # neither has one
        event.object["spec"]["subdomain"] = ""
    assert "subdomain" not in facets(build)
    build.history.events[-1].object["spec"]["subdomain"] = "web"
    assert facets(build)["subdomain"] == (False, "none became web")
    for event in build.history.events:
        event.object["spec"]["subdomain"] = "db"
    assert facets(build)["subdomain"] == (True, "db")


def test_records_of_each_kind_are_facets_of_their_own() -> None:
    build = replaced()
    assert facets(build)["A record"] == (True, "right in 1 of 1 view at the end")
    assert facets(build)["SRV entry"] == (None, "not measured")
    later = build.series("dns", "A web-1.web", "coredns-b", "web-1", period_s=0.1)
    build.sample(later, 5.0, 20.0, lambda at_s: a("10.0.0.1") if at_s < 10.5 else NXDOMAIN)
    assert facets(build)["A record"] == (
        None,
        "not right yet at coredns-b when it was asked for the last time, before the limit",
    )
    build.history.meta.parameters["within_s"] = 5.0
    assert facets(build)["A record"] == (False, "not right at the end at coredns-b")


def test_a_look_at_the_limit_is_none_before_it() -> None:
    build = replaced(sampled=False)
    last_ns = build.history.samples[sampled(build, missing).id].sent_ns[-1] - ns(10.001)
    for later_ns, kept in ((0, False), (1, None)):
        build.history.meta.parameters["within_s"] = (last_ns + later_ns) / 1e9
        assert facets(build)["A record"][0] is kept


def test_a_view_that_heard_nothing_at_the_end_leaves_the_record_unmeasured() -> None:
    build = replaced()
    deaf = build.series("dns", "A web-1.web", "coredns-b", "web-1", period_s=0.1)
    build.sample(deaf, 5.0, 20.0, lambda at_s: a("10.0.0.1") if at_s < 10.5 else TIMED_OUT)
    assert facets(build)["A record"] == (None, "not measured")


@pytest.mark.parametrize(("lost_s", "views"), [(12.0, 1), (19.999, 1), (20.0, 2), (30.0, 2)])
def test_only_places_that_lasted_through_the_trial_tell_of_its_end(lost_s: float, views: int) -> None:
    build = replaced(sampled=False)
    for name in ("agent-0", "agent-1"):
        sampled(build, right, vantage=name)
    lost(build, "agent-1", lost_s)
    assert facets(build)["A record"] == (True, f"right in {views} of {views} view{'s' if views > 1 else ''} at the end")


def test_the_claims_are_those_that_the_pod_had_when_it_was_first_seen_on_a_node() -> None:
    build = Builder()
    target = replace(WEB_1, claims=("data",))
    build.history.faults.append(fault("delete-pod", 1, 10.0, targets=(target,)))

    def claim(at_s: float, uid: str, type_: str = "MODIFIED") -> None:
        obj = {"metadata": {"name": "data", "uid": uid}, "spec": {"volumeName": f"volume-of-{uid}"}}
        build.event(at_s, "PersistentVolumeClaim", obj, type_)

    claim(0.05, "u0")
    build.event(0.1, "Pod", pod("web-8", "eight", "10.0.0.8", ready=True), "ADDED", initial=True)
    build.event(0.15, "Pod", pod("web-1", "old", node="", claims=("data",)), "ADDED")
    claim(0.2, "u0", "DELETED")
    claim(0.4, "u1")
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True, claims=("data",)))
    claim(5.0, "u1", "DELETED")
    claim(6.0, "u2")
    build.event(11.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed", grace_s=1, claims=("data",)), "DELETED")
    build.event(13.0, "Pod", pod("web-1", "new", "10.0.0.2", ready=True, claims=("data",)), "ADDED")
    assert facets(build)["volume claims"] == (False, "data is another claim of its name (UID u1 became u2)")
    claim(19.0, "u2", "DELETED")
    assert facets(build)["volume claims"] == (
        None,
        "which claim and volume data was, before and after, was not seen",
    )
    del build.history.events[-1]
    build.history.gaps.append(WatchGap("PersistentVolumeClaim", ns(19.0), ns(21.0), "stalled"))
    assert facets(build)["volume claims"] == (None, "the watch of claims was disturbed when the trial ended")
    build.event(13.5, "Pod", pod("web-1", "new", "10.0.0.2", ready=True, claims=("other",)))
    assert facets(build)["volume claims"] == (False, "data became other")


# ---- says-its-name, single-identity ----


def asked(uid: str, name: str, code: int = 0, problem: str = "") -> tuple[int, str, dict[str, Any]]:
    """The note of a question inside a pod named web-1."""
    return ns(1.0), "inside", {"pod": "web-1", "uid": uid, "said": name, "exit_code": code, "problem": problem}


def test_each_new_pod_must_have_said_its_name() -> None:
    build = replaced(sampled=False)
    assert said(build.done(), "says-its-name") == (UNKNOWN, "Cannot be judged: no pod was asked.")
    build.history.marks.append(asked("old", "web-1"))
    unasked = "the new web-1 of trial 1 was not asked."
    assert said(build.history, "says-its-name") == (UNKNOWN, f"Cannot be judged: {unasked}")
    build.history.marks.append(asked("new", "", 127, "no such command"))
    ended = "pod web-1 (UID new…) ended the command with 127: no such command"
    assert said(build.history, "says-its-name") == (UNKNOWN, f"Cannot be judged: {ended}; {unasked}")
    build.history.marks[-1] = asked("new", "web-2")
    assert said(build.history, "says-its-name") == (FAIL, "pod web-1 (UID new…) says that it is 'web-2'.")
    build.history.marks[-1] = asked("new", "web-1")
    told = "In {} each pod said its own name, also after {}."
    assert said(build.history, "says-its-name") == (OK, told.format("2 answers", "1 replacement"))
    build.history.events[:] = [event for event in build.history.events if event.uid != "new"]
    build.history.marks.pop()
    assert said(build.history, "says-its-name")[0] is UNKNOWN  # nobody was replaced


def test_an_overlap_that_is_neither_shown_nor_excluded_is_told_with_its_bound() -> None:
    history = pod_replacement(replace(Story(), old_failed_s=None))
    history.revisions = []
    assert said(history, "single-identity") == (
        UNKNOWN,
        "Cannot be judged: trial 1: two pods may have served as web-0 for at most 30.09 s.",
    )


def test_a_certain_overlap_is_told_alone_and_one_that_is_excluded_not_at_all() -> None:
    outcome, text = said(pod_replacement(FORCED), "single-identity")
    assert outcome is FAIL
    assert re.fullmatch(r"trial 1: two pods served as web-0 for at least 0\.\d+ s\.", text)
    assert said(pod_replacement(), "single-identity") == (
        OK,
        "In 1 of 1 replacement no two pods served under one identity.",
    )


def test_a_pod_that_was_not_replaced_proves_no_single_identity() -> None:
    build = replaced(sampled=False)
    build.history.events[:] = [event for event in build.history.events if event.uid != "new"]
    outcome, text = said(build.done(), "single-identity")
    assert outcome is UNKNOWN
    assert text == "Cannot be judged: trial 1: there was no new pod web-1 10.00 s after the deletion."
