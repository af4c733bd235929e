"""What each checker makes of a history, and that none passes without evidence."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from chaos.analysis import checkers
from chaos.analysis.checkers import CHECKERS, judge
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.model import ClusterEvent, History, VerdictOutcome
from tests.histories import FORCED, Builder, Story, pod_replacement
from tests.judging import verdict_of

OK, FAIL, UNKNOWN = VerdictOutcome.OK, VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN


def outcome(history: History, checker: str) -> VerdictOutcome:
    return verdict_of(history, checker).outcome


def test_a_plain_deletion_passes_every_checker() -> None:
    history = pod_replacement(Story(), Story())
    history.events.append(statefulset(1, generation=1))
    history.marks += [said(t.life.new_uid, t.target.name, t.target.name) for t in trials(Reading(history))]
    assert {v.checker: v.outcome for v in judge(Reading(history), CHECKERS)} == dict.fromkeys(CHECKERS, OK)


def said(uid: str, pod: str, name: str, code: int = 0) -> tuple[int, str, dict[str, object]]:
    """What a command in a pod's container said."""
    return 1, "inside", {"pod": pod, "uid": uid, "said": name, "exit_code": code, "problem": ""}


@pytest.mark.parametrize(("name", "code", "expected"), [("web-7", 0, FAIL), ("", 127, UNKNOWN)])
def test_a_pod_that_says_another_name_or_none_does_not_pass(name: str, code: int, expected: VerdictOutcome) -> None:
    history = pod_replacement()
    (trial,) = trials(Reading(history))
    history.marks.append(said(trial.life.new_uid, "web-0", name, code))
    assert outcome(history, "says-its-name") is expected


def statefulset(at_ns: int, generation: int, *, type_: str = "MODIFIED", uid: str = "s") -> ClusterEvent:
    """An event of the workload under test."""
    return ClusterEvent(at_ns, type_, "StatefulSet", "demo", "web", uid, {"metadata": {"generation": generation}})


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (statefulset(2, generation=2), "changed the spec"),
        (statefulset(2, generation=1, uid="other"), "was replaced"),
        (statefulset(2, generation=1, type_="DELETED"), "was deleted"),
    ],
)
def test_a_workload_that_somebody_touched_proves_nothing(later: ClusterEvent, why: str) -> None:
    history = pod_replacement()
    history.events += [statefulset(1, generation=1), later]
    (verdict,) = judge(Reading(history), ["target-left-alone"])
    assert verdict.outcome is UNKNOWN
    assert why in verdict.summary


@pytest.mark.parametrize("checker", CHECKERS)
def test_no_trial_is_unknown_to_every_checker(checker: str) -> None:
    assert outcome(Builder().done(), checker) is UNKNOWN


@pytest.mark.parametrize("checker", ["fault-took-effect", "identity-kept", "single-identity", "recovered-within"])
def test_a_fault_without_effect_is_unknown_never_a_pass(checker: str) -> None:
    history = pod_replacement()
    history.events = [
        e
        for e in history.events
        if e.type != "DELETED" and e.uid != "uid-1-new" and "deletionTimestamp" not in e.object["metadata"]
    ]
    assert outcome(history, checker) is UNKNOWN


@pytest.mark.parametrize("checker", ["fault-took-effect", "identity-kept", "single-identity", "recovered-within"])
def test_a_refused_fault_is_unknown_never_a_pass(checker: str) -> None:
    history = pod_replacement()
    history.faults = [replace(f, accepted_ns=None, outcome="refused") for f in history.faults]
    assert outcome(history, checker) is UNKNOWN


def test_one_refused_fault_among_good_ones_keeps_the_whole_from_passing() -> None:
    history = pod_replacement(Story(), Story())
    history.faults[1] = replace(history.faults[1], accepted_ns=None, outcome="refused")
    assert outcome(history, "recovered-within") is UNKNOWN


def test_a_forced_deletion_fails_single_identity() -> None:
    (verdict,) = judge(Reading(pod_replacement(FORCED)), ["single-identity"])
    assert verdict.outcome is FAIL
    assert "two pods served as web-0 for at least" in verdict.summary


@pytest.mark.parametrize(("within_s", "expected"), [(60.0, OK), (32.0, FAIL), (32.11, UNKNOWN)])
def test_recovered_within_judges_the_interval_not_a_point(within_s: float, expected: VerdictOutcome) -> None:
    """The records come back at 32.107 s; a limit inside the measured interval can be neither kept nor missed."""
    history = pod_replacement()
    history.meta.parameters["within_s"] = within_s
    assert outcome(history, "recovered-within") is expected


def test_a_record_not_back_when_the_trial_ends_fails_only_past_the_limit() -> None:
    history = pod_replacement(replace(Story(), dns_back_s=99.0))
    history.meta.parameters["within_s"] = 33.0
    assert outcome(history, "recovered-within") is FAIL
    history.meta.parameters["within_s"] = 60.0
    assert outcome(history, "recovered-within") is UNKNOWN


def test_a_run_without_dns_samples_is_unknown() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if s.probe != "dns"]
    assert outcome(history, "recovered-within") is UNKNOWN
    assert outcome(history, "identity-kept") is UNKNOWN


def test_a_steady_state_missed_after_a_fault_fails_and_one_missed_before_is_unknown() -> None:
    history = pod_replacement()
    before, after, *rest = history.marks
    missed = {"reached": False, "took_s": None, "missing": ["web-1 is not Ready"]}
    history.marks = [before, (after[0], after[1], after[2] | missed), *rest]
    (verdict,) = judge(Reading(history), ["steady-state"])
    assert verdict.outcome is FAIL
    assert "web-1 is not Ready" in verdict.summary
    history.marks = [(before[0], before[1], before[2] | missed), after, *rest]
    assert outcome(history, "steady-state") is UNKNOWN


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, OK),
        ({"replacement": "web-demo-6c-x2x"}, FAIL),
        ({"per_pod_record": "NOERROR"}, FAIL),
        ({"per_pod_record": "TIMEOUT"}, UNKNOWN),
        ({"replacement": ""}, UNKNOWN),
    ],
)
def test_the_contrast_needs_another_name_and_no_record(details: dict[str, str], expected: VerdictOutcome) -> None:
    history = pod_replacement()
    at_ns, what, found = history.marks[-1]
    history.marks[-1] = (at_ns, what, found | details)
    assert outcome(history, "deployment-contrast") is expected


def test_a_crashed_checker_is_unknown_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(history: History) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setitem(checkers.CHECKERS, "identity-kept", crash)
    (verdict,) = judge(Reading(pod_replacement()), ["identity-kept"])
    assert verdict.outcome is UNKNOWN
    assert "ZeroDivisionError: by zero" in verdict.summary


def test_a_checker_that_ends_the_program_is_unknown_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(history: History) -> None:
        sys.exit("pandas is missing")

    monkeypatch.setitem(checkers.CHECKERS, "identity-kept", leave)
    (verdict,) = judge(Reading(pod_replacement()), ["identity-kept"])
    assert verdict.outcome is UNKNOWN
    assert "SystemExit: pandas is missing" in verdict.summary


def test_an_unheard_of_checker_is_unknown() -> None:
    assert outcome(pod_replacement(), "no-such-thing") is UNKNOWN


def cut_before_replacement(at_s: float) -> History:
    """A replacement that was watched until then only: the old pod is still terminating."""
    history = pod_replacement()
    fault = history.faults[0]
    assert fault.accepted_ns is not None
    end_ns = fault.accepted_ns + round(at_s * 1e9)
    history.faults = [replace(fault, ended_ns=end_ns)]
    history.events = [e for e in history.events if e.at_ns <= end_ns]
    return history


def test_a_pod_that_was_not_replaced_within_the_limit_did_not_keep_its_identity() -> None:
    history = cut_before_replacement(20)
    history.meta.parameters["within_s"] = 10
    assert outcome(history, "fault-took-effect") is OK
    assert outcome(history, "identity-kept") is FAIL
    assert outcome(history, "recovered-within") is FAIL
    assert outcome(history, "single-identity") is UNKNOWN


def test_a_run_that_was_cut_short_before_the_limit_cannot_tell() -> None:
    history = cut_before_replacement(5)
    history.meta.parameters["within_s"] = 10
    assert outcome(history, "identity-kept") is UNKNOWN
    assert outcome(history, "recovered-within") is UNKNOWN
