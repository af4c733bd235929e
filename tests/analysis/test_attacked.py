"""Histories that once got a verdict, or a sentence, that they were not entitled to: found by attacking the checkers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.claims import Checker, Finding, checker, holds
from chaos.analysis.headline import headline
from chaos.analysis.identity_notes import Inside
from chaos.analysis.over_faults import over_faults
from chaos.analysis.questions import answer_all
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import RecoveryOutcome, recoveries
from chaos.model import ClusterEvent, FaultWindow, History, Interval, Outcome, PodIdentity, Verdict, VerdictOutcome
from chaos.model.figure import Register, plain, reader
from tests.edited import Edited
from tests.histories import FORCED, NS_PER_S, NXDOMAIN, TIMED_OUT, Builder, Story, a, ns, pod, pod_replacement

OK, FAIL, UNKNOWN = VerdictOutcome.OK, VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN
QUICK = replace(Story().shifted(-29.0), old_stops_s=1.0, old_failed_s=1.2)
OLD, NEW = "10.244.1.4", "10.244.1.41"


def edited(*stories: Story) -> Edited:
    return Edited(pod_replacement(*(stories or (QUICK,)), contrast=False))


def verdict(history: History, checker: str) -> Verdict:
    return judge(Reading(history), [checker])[0]


def answer(history: History, key: str) -> str:
    return answer_all(Reading(history), [key])[0].answer


def first_sentence(history: History) -> str:
    return plain(headline(Reading(history)))


def is_being_deleted(event: ClusterEvent) -> bool:
    return event.uid == "uid-1-old" and "deletionTimestamp" in event.object["metadata"]


# ---- clients ----


@pytest.mark.parametrize("until_s", [1e9, 2.9])
def test_a_client_that_had_failed_all_the_time_does_not_say_that_the_pod_was_reachable(until_s: float) -> None:
    history = edited().series(probe="http").say(Outcome("ECONNREFUSED", "connect"), before=until_s).history
    assert first_sentence(history).startswith(
        "Whether a deleted pod was reachable by its name was not measured: its client had failed already before the "
        "deletion. The DNS name of a deleted pod did not lead to its successor for between 3."
    )
    said = answer(history, "connection-handling")
    assert "No new connection by name failed" not in said
    assert said.startswith("New HTTP connections by name had failed already before the deletion")


def test_of_two_trials_the_one_whose_client_had_failed_before_is_not_counted() -> None:
    found = edited(QUICK, QUICK)
    history = found.series("web-1.web:80", probe="http").say(Outcome("ECONNREFUSED", "connect")).history
    assert "by its name for between" in first_sentence(history)
    assert "In 1 of 2 trials it was not measured" in first_sentence(history)


def test_a_failure_from_before_the_deletion_was_not_seen_after_it() -> None:
    refused = Outcome("ECONNREFUSED", "connect")
    said = answer(edited().series(probe="http").say(refused, after=-0.6, before=2.9).history, "connection-handling")
    assert "They failed first with ECONNREFUSED (phase connect), already before the deletion." in said
    assert "seen -" not in said


def test_the_longest_time_of_failures_is_not_called_the_first() -> None:
    found = edited()
    found.series(probe="http").say(Outcome("OK", "response", ("web-0",), address=OLD), after=0, before=2)
    history = (
        found.series(probe="http").say(Outcome("ECONNRESET", "response", address=OLD), after=0.3, before=0.5).history
    )
    said = answer(history, "connection-handling")
    assert "The longest outage began with NXDOMAIN (phase resolve), at most 2." in said
    assert "by name failed in 1 of 1 trial. They failed first with" not in said


def test_pods_of_one_fault_are_not_counted_as_trials() -> None:
    """Two pods deleted at once, of which one could always be reached."""
    history = edited(QUICK, QUICK).history
    first, second = history.faults
    both = replace(first, targets=first.targets + second.targets, ended_ns=second.ended_ns)
    history.faults[:] = [both]
    history = Edited(history).series("web-1.web:80", probe="http").say(Outcome("OK", "response", ("web-1",))).history
    assert "in 1 of 2 replacements" in first_sentence(history)
    assert "of 2 trials" not in answer(history, "connection-handling") + answer(history, "dns-update")


def test_what_had_not_ended_and_what_had_have_no_longest_in_common() -> None:
    """Of the one a lower bound is known and of the other an upper one: neither is known to be the longer one."""
    open_end, three, one = (
        Interval(NS_PER_S // 2, None),
        Interval(3 * NS_PER_S, 3 * NS_PER_S),
        Interval(NS_PER_S, NS_PER_S),
    )
    said = plain(over_faults([open_end, three, one]))
    assert said == "between 1.00 and 3.00 s (median of 3 deletions; the longest at least 3.00 s)"
    assert plain(over_faults([open_end, three])) == "at least 0.500 s, and 3.00 s (2 deletions)"


# ---- records ----


def test_a_record_that_was_lost_again_was_not_only_wrong_at_first() -> None:
    found = edited().lasts_until(105.0)
    said = answer(found.series("A web-0.web").say(NXDOMAIN, after=6, before=100).history, "dns-update")
    assert (
        "Of 3 cases (a pod's record at a view after a fault) 3 gave the new address and then a wrong answer again."
        in said
    )
    assert re.search(r"They were right for good between \d+\.\d+ and 100\.\d+ s \(1 deletion\) after", said)
    assert "wrong again" not in answer(edited().history, "dns-update")


def kept_address(within_s: float, period_s: float) -> History:
    """A successor with the old address; the last answer of all came before the fault."""
    build = Builder(parameters={"within_s": within_s})
    build.fault(1, PodIdentity("web-1", "old", "10.0.0.1", "node-1", "web-1", "1"), 0.999, 1.0, 10.0)
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), "ADDED", initial=True)
    build.event(2.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed", grace_s=1), "DELETED")
    build.event(2.1, "Pod", pod("web-1", "new", "10.0.0.1", ready=True), "ADDED")
    series = build.series("dns", "A web-1.web", "coredns-a", "web-1", period_s=period_s)
    build.add(series, 0.5, 0.51, a("10.0.0.1"))
    build.sample(series, 1.0, 10.0, lambda _: TIMED_OUT)
    return build.done()


@pytest.mark.parametrize(("within_s", "period_s"), [(2000.0, 0.01), (1.0, 5.0)])
def test_silence_is_no_answer_however_long_a_limit_or_a_period_is(within_s: float, period_s: float) -> None:
    history = kept_address(within_s, period_s)
    assert verdict(history, "recovered-within").outcome is UNKNOWN
    assert [r.outcome for r in recoveries(Reading(history))] == [RecoveryOutcome.UNKNOWN]


def test_an_address_that_another_pod_has_now_is_no_wrong_answer_for_the_service() -> None:
    """Whose it was at which time is not known."""
    found = edited()
    other = pod("web-8", "uid-8b", OLD, ready=True)
    found.history.events.append(ClusterEvent(found.ns(2.0), "MODIFIED", "Pod", "default", "web-8", "uid-8b", other))
    found.history.events.sort(key=lambda event: event.at_ns)
    found.series("A web").replace(lambda o: NEW in o.values, a(NEW, OLD, "10.244.2.11"))
    assert (
        verdict(found.lasts_until(70.0).history, "recovered-within").outcome is UNKNOWN
    )  # whose it was when is not known
    found.history.events[:] = [e for e in found.history.events if e.uid != "uid-8b"]
    assert verdict(found.history, "recovered-within").outcome is FAIL
    assert RecordKind.SERVICE_A in {r.kind for r in recoveries(Reading(found.history))}


@pytest.mark.parametrize("more", ["10.9.9.9", "10.244.2.10"])
def test_a_strangers_address_beside_the_pods_own_is_no_right_answer(more: str) -> None:
    """Nobody's, and another pod's."""
    history = edited().lasts_until(70.0).series("A web-0.web").say(a(NEW, more), after=QUICK.dns_back_s).history
    assert verdict(history, "recovered-within").outcome is FAIL
    assert verdict(history, "identity-kept").outcome is FAIL


@pytest.mark.parametrize(("name", "expected"), [("web-0.web.default.svc.x", OK), ("web-0.web.other.svc.x", FAIL)])
def test_a_pod_of_the_same_name_in_another_namespace_is_another_pod(name: str, expected: VerdictOutcome) -> None:
    found = edited().lasts_until(70.0)
    history = found.series(f"PTR {NEW}").say(Outcome("NOERROR", values=(name,)), after=QUICK.dns_back_s).history
    assert verdict(history, "identity-kept").outcome is expected


@pytest.mark.parametrize(("lost_s", "expected"), [(61.0, FAIL), (59.0, UNKNOWN), (1.0, OK)])
def test_a_vantage_that_contradicted_the_others_before_it_was_lost_is_not_left_out(
    lost_s: float, expected: VerdictOutcome
) -> None:
    """At 1 s the others saw the name missing too."""
    found = edited().lasts_until(70.0)
    other = found.also_from("agent-2").series(probe="dns", vantage="agent-2")
    found.series("A web-0.web", vantage="agent-2").say(NXDOMAIN, after=0.1)
    history = other.end(lost_s).history
    details = {"vantage": "agent-2", "node": "node-1", "reason": "gone", "samples": 1}
    history.marks.append((found.ns(lost_s), "vantage-lost", details))
    assert verdict(history, "recovered-within").outcome is expected


def test_what_was_last_heard_before_the_fault_is_silence_and_no_wrong_answer() -> None:
    history = edited().series(probe="dns").say(Outcome("SERVFAIL"), after=0).history
    found = verdict(history, "recovered-within")
    assert found.outcome is UNKNOWN
    assert "was not right -" not in found.summary


# ---- limits ----


@pytest.mark.parametrize("limit", [None, "60", float("nan"), float("inf"), -5, True, [1], 1e308])
def test_what_is_no_limit_judges_nobody(limit: Any) -> None:
    found = edited()
    found.history.meta.parameters["within_s"] = limit
    assert verdict(found.history, "recovered-within").summary == "Cannot be judged: the run names no limit (within_s)."
    assert verdict(found.history, "identity-kept").outcome is OK
    gone = found.series(probe="dns").say(NXDOMAIN, after=0.05).history
    assert verdict(gone, "identity-kept").outcome is UNKNOWN
    assert "did not come back" not in answer(gone, "identity-kept")


def test_without_a_limit_a_pod_that_is_not_there_yet_is_not_said_to_be_lost() -> None:
    found = edited().without_events(lambda event: event.uid == "uid-1-new")
    del found.history.meta.parameters["within_s"]
    found.history.faults[0] = replace(found.history.faults[0], parameters={})
    quick = found.lasts_until(60.0).history
    assert answer(quick, "identity-kept").startswith("This run cannot say")


# ---- pods ----


def test_a_fault_that_names_no_pod_did_not_take_effect() -> None:
    build = Builder()
    build.history.faults.append(FaultWindow("delete-pods", 1, (), "accepted", ns(1), ns(1.01), ns(5)))
    assert verdict(build.done(), "fault-took-effect").outcome is UNKNOWN


def test_a_pod_that_was_being_deleted_already_is_no_effect_of_the_fault() -> None:
    found = edited()
    found.history.events[:] = [
        replace(e, at_ns=found.ns(-0.3)) if is_being_deleted(e) and e.at_ns < found.ns(0.1) else e
        for e in found.history.events
    ]
    found.history.events.sort(key=lambda event: event.at_ns)
    assert verdict(found.history, "fault-took-effect").outcome is UNKNOWN
    assert verdict(found.history, "identity-kept").outcome is UNKNOWN
    assert "was being deleted already" in answer(found.history, "identity-kept")


def test_a_fault_upon_a_fault_finds_a_pod_that_is_being_deleted() -> None:
    """A forced deletion after one with grace, both of the run."""
    found = edited()
    first = found.history.faults[0]
    found.history.faults.append(replace(first, trial=2, sent_ns=found.ns(0.5), accepted_ns=found.ns(0.51)))
    assert verdict(found.history, "fault-took-effect").outcome is OK


def test_a_successor_that_was_gone_again_at_the_end_is_none() -> None:
    found = edited()
    last = [event for event in found.history.events if event.uid == "uid-1-new"][-1]
    found.history.events.append(replace(last, type="DELETED", at_ns=found.ns(4.0)))
    assert verdict(found.history, "identity-kept").outcome is UNKNOWN
    assert "0 of 1 target had a Ready successor" in verdict(found.history, "fault-took-effect").summary
    assert not answer(found.history, "identity-kept").startswith("Yes")


def test_a_pod_without_a_subdomain_does_not_lose_one() -> None:
    found = edited()
    for event in found.history.events:
        event.object.get("spec", {}).pop("subdomain", None)
    assert verdict(found.history, "identity-kept").outcome is OK


@pytest.mark.parametrize("faults", [0, 1])
def test_a_pod_that_was_not_replaced_did_not_say_its_name_after_it(faults: int) -> None:
    found = edited().without_events(lambda event: event.uid == "uid-1-new")
    found.history.faults[faults:] = []
    note = Inside("web-0", "uid-1-old", "web-0", 0, "")
    found.history.marks.append((ns(1), note.kind, note.details()))
    assert verdict(found.history, "says-its-name").outcome is UNKNOWN


def forced() -> Edited:
    """Deleted by force; its address falls silent 0.5 s later and the new one refuses shortly before it serves."""
    found = Edited(pod_replacement(replace(FORCED, old_stops_s=0.5), contrast=False))
    return found.series(f"{NEW}:80", probe="address").begin(Outcome("ECONNREFUSED", "connect", address=NEW), 0.05)


def test_an_old_pod_that_falls_silent_while_others_are_heard_has_stopped() -> None:
    assert verdict(forced().history, "single-identity").outcome is OK


def test_an_old_pod_that_falls_silent_when_all_do_has_not_stopped() -> None:
    """The place of the probes was cut off, and hears again only when the new pod serves."""
    found = forced()
    found.series().say(Outcome("TIMEOUT", "connect"), after=0.4, before=1.25)
    old = found.series(f"{OLD}:80", probe="address").say(Outcome("TIMEOUT", "connect", address=OLD), after=0.4)
    assert verdict(old.series(f"{OLD}:80", probe="address").end(1.25).history, "single-identity").outcome is UNKNOWN


def test_an_old_pod_on_a_node_that_was_cut_off_serves_on_behind_the_cut() -> None:
    found = forced()
    first = found.history.faults[0]
    cut = replace(first, fault="cut-node", trial=2, sent_ns=found.ns(0.4), parameters={"node": first.targets[0].node})
    found.history.faults.append(cut)
    assert verdict(found.history, "single-identity").outcome is UNKNOWN


def test_a_lost_packet_does_not_show_that_the_new_pod_had_not_started() -> None:
    found = forced()
    new = found.series(f"{NEW}:80", probe="address")
    assert verdict(new.say_once(Outcome("TIMEOUT", "connect", address=NEW), 0).history, "single-identity").outcome is (
        UNKNOWN
    )


def test_another_pod_under_the_name_is_told_beside_what_is_excluded() -> None:
    other = Outcome("OK", "response", ("web-8",), address=OLD)
    history = edited().series(probe="http").say(other, after=0, before=0.2).history
    said = answer(history, "identity-kept")
    assert "At no time did two pods serve under one identity" not in said
    assert "At no time did an old pod and its successor serve under one identity. web-8 answered under" in said
    assert verdict(history, "single-identity").outcome is FAIL


def test_a_later_pod_of_the_name_that_gets_the_old_address_is_not_the_old_pod() -> None:
    """After the trial, by something that was no fault: the address was free by then."""
    found = edited()
    last = [event for event in found.history.events if event.uid == "uid-1-new"][-1]
    found.history.events.append(replace(last, type="DELETED", at_ns=found.ns(5.0)))
    build = Builder()
    build.history, build._ids = found.history, {o: i for i, o in enumerate(found.history.outcomes)}
    t0_s = found.zero_ns / NS_PER_S
    build.event(t0_s + 6.0, "Pod", pod("web-0", "uid-3", OLD, ready=True), "ADDED")
    (series,) = found.series(f"{OLD}:80", probe="address").series
    build.sample(series, t0_s + 7.0, t0_s + 8.0, lambda _: Outcome("OK", "response", ("web-0",), address=OLD))
    assert verdict(found.history, "single-identity").outcome is OK


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, OK),
        ({"pod": "web-1", "said": "web-1"}, UNKNOWN),
        ({"said": None}, UNKNOWN),
        ({"said": "web-1"}, FAIL),
    ],
)
def test_the_pod_that_says_its_name_is_the_one_that_was_asked(other: dict[str, Any], expected: VerdictOutcome) -> None:
    history = edited().history
    note = Inside("web-0", "uid-1-new", "web-0", 0, "")
    history.marks.append((ns(1), note.kind, note.details() | other))
    assert verdict(history, "says-its-name").outcome is expected


def test_a_contrast_that_was_found_twice_holds_only_where_both_do() -> None:
    history = pod_replacement(QUICK)
    at_ns, what, details = next(mark for mark in history.marks if mark[1] == "contrast")
    assert verdict(history, "deployment-contrast").outcome is OK
    history.marks.insert(0, (at_ns, what, details | {"per_pod_record": "NOERROR"}))
    assert verdict(history, "deployment-contrast").outcome is FAIL


# ---- marks ----


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ({}, UNKNOWN),
        ({"reached": "false", "phase": "after", "trial": 1}, UNKNOWN),
        ({"reached": False, "phase": "after", "trial": 1, "missing": []}, UNKNOWN),
        ({"reached": False, "phase": "after", "trial": 1, "missing": ["web-0 is not Ready"]}, FAIL),
        ({"reached": True, "phase": "after", "trial": 7}, OK),
    ],
)
def test_a_mark_that_lacks_what_it_should_say_is_neither_right_nor_wrong(
    mark: dict[str, Any], expected: VerdictOutcome
) -> None:
    history = edited().history
    history.marks[:] = [m for m in history.marks if m[2].get("phase") != "after"]
    history.marks.append((history.faults[0].sent_ns + ns(4), "steady-state", mark))
    found = verdict(history, "steady-state")
    assert found.outcome is expected
    if expected is OK:
        assert "and again after it." in found.summary


def test_a_look_from_before_the_fault_says_nothing_about_after_it() -> None:
    found = edited()
    history = found.notes("steady-state", phase="after").move(found.ns(-0.5)).history
    assert verdict(history, "steady-state").outcome is UNKNOWN


# ---- an experiment's own checkers ----


@checker("events.jsonl")
def yields_text(reading: Reading) -> Iterator[Finding]:
    """Forgets to say what kind of finding it is."""
    yield holds("It is right.")
    yield cast("Finding", f"{len(reading.faults)} faults")


def cancelled(reading: Reading) -> Verdict:
    """Raises what is no Exception."""
    raise asyncio.CancelledError(str(reading))


def says(outcome: object, text: object) -> Checker:
    """A checker with that verdict."""
    return lambda _: Verdict("mine", cast("VerdictOutcome", outcome), cast("str", text))


@pytest.mark.parametrize(
    "own",
    [
        yields_text,
        cancelled,
        says("FAILED", "x"),
        says("passed", "x"),
        says(True, "x"),
        says(None, "x"),
        says(OK, None),
    ],
)
def test_what_is_no_verdict_is_unknown(own: Checker) -> None:
    (found,) = judge(Reading(edited().history), [own])
    assert found.outcome is UNKNOWN
    assert "1 faults" in found.summary or own is not yields_text


def test_an_outcome_by_its_name_is_one() -> None:
    assert judge(Reading(edited().history), [says("fail", "x")])[0].outcome is FAIL


def test_an_own_checker_is_not_believed_about_a_time_in_which_changes_were_lost() -> None:
    """Also where nothing came of it: that is what was lost."""
    own = says(OK, "No second pod was seen.")
    assert judge(Reading(edited().history), [own])[0].outcome is OK
    assert judge(Reading(edited().blind(3.5, 4.0).history), [own])[0].outcome is UNKNOWN


# ---- what others did ----


def wrote(at_ns: int, **other: Any) -> tuple[int, str, dict[str, Any]]:
    """The run's own deletion of web-0, as it writes it down."""
    details = {"verb": "delete", "kind": "Pod", "name": "web-0", "uid": "uid-1-old", "sent_ns": at_ns}
    return at_ns, "wrote", details | {"answered": True, "generation": 0, "version": ""} | other


def owned() -> Edited:
    found = edited()
    for event in found.history.events:
        event.object["metadata"]["ownerReferences"] = [{"controller": True, "kind": "StatefulSet", "name": "web"}]
    found.history.marks.append(wrote(found.ns(-0.004)))
    return found


def test_a_deletion_just_before_the_runs_own_is_somebody_elses() -> None:
    found = owned()
    assert verdict(found.history, "recovered-within").outcome is OK
    found.history.events[:] = [
        replace(e, at_ns=found.ns(-0.3)) if is_being_deleted(e) and e.at_ns < found.ns(0.1) else e
        for e in found.history.events
    ]
    found.history.events.sort(key=lambda event: event.at_ns)
    assert "somebody deleted Pod web-0" in verdict(found.history, "recovered-within").summary
    assert answer(found.history, "dns-update").startswith("This run cannot say")


@pytest.mark.parametrize("mark", [{}, {"verb": "delete"}])
def test_what_cannot_be_read_of_who_changed_what_leaves_everything_open(mark: dict[str, Any]) -> None:
    history = edited().history
    history.marks.append((ns(1), "wrote", mark))
    assert {v.outcome for v in judge(Reading(history), ["steady-state", "recovered-within"])} == {UNKNOWN}
    assert "could not be answered" in answer(history, "dns-update")


@pytest.mark.parametrize(("seen_s", "expected"), [(-1.0, OK), (3.5, UNKNOWN)])
def test_a_set_that_was_first_seen_after_the_fault_may_have_been_changed_before(
    seen_s: float, expected: VerdictOutcome
) -> None:
    found = edited()
    obj = {"metadata": {"name": "web", "uid": "s", "generation": 2}}
    found.history.events.append(ClusterEvent(found.ns(seen_s), "ADDED", "StatefulSet", "default", "web", "s", obj))
    found.history.events.sort(key=lambda event: event.at_ns)
    assert verdict(found.history, "target-left-alone").outcome is expected


# ---- sentences ----


@pytest.mark.parametrize(
    "said", ["{figure:headline.1}", "{figure:nope}", "{figure:{}", "{{figure:a}}", "\ue000[1]\ue001"]
)
def test_what_a_pod_says_is_never_taken_for_a_figure(said: str) -> None:
    """Such as an impostor's name: it is written down and read back as it was."""
    ids = Register()
    text = ids.take(f"{said} answered {plain(said)}", "single-identity")
    assert ids.figures == {}
    assert plain(reader(ids.figures)(text)) == f"{said} answered {said}"
