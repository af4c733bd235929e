"""A verdict needs evidence: each of these once passed, or failed, on silence or on the wrong sample."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from chaos.analysis.connections import client_views
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import RecoveryOutcome, recoveries
from chaos.model import ClusterEvent, FaultWindow, History, Outcome, PodIdentity, VerdictOutcome
from tests.edited import Edited
from tests.histories import FORCED, NXDOMAIN, TIMED_OUT, Builder, Story, a, ns, pod, pod_replacement
from tests.judging import verdict_of

OK, FAIL, UNKNOWN = VerdictOutcome.OK, VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN
QUICK = Story().shifted(-29.0)
BACK_S = QUICK.dns_back_s
NEW = a("10.244.1.41")


def edited(story: Story = QUICK) -> Edited:
    return Edited(pod_replacement(replace(story, old_stops_s=1.0, old_failed_s=1.2), contrast=False))


def test_dns_that_is_silent_from_the_deletion_on_neither_passes_nor_fails() -> None:
    history = edited().series(probe="dns").say(TIMED_OUT, after=0.0).history
    assert verdict_of(history, "recovered-within").outcome is UNKNOWN
    assert verdict_of(history, "identity-kept").outcome is UNKNOWN
    assert {r.outcome for r in recoveries(Reading(history))} == {RecoveryOutcome.UNKNOWN}
    assert "no answer said anything" in verdict_of(history, "recovered-within").summary


def test_dns_that_was_heard_once_after_the_deletion_and_is_silent_then_fails_nobody() -> None:
    """The last known answer says that the name is gone; that is old news at the end."""
    history = edited().series(probe="dns").say(TIMED_OUT, after=0.5).lasts_until(30.0).history
    assert verdict_of(history, "identity-kept").outcome is UNKNOWN
    assert verdict_of(history, "recovered-within").outcome is UNKNOWN


def test_a_pod_that_keeps_its_address_proves_nothing_to_who_hears_nothing() -> None:
    build = Builder()
    build.fault(1, PodIdentity("web-1", "old", "10.0.0.1", "node-1", "web-1", "1"), 0.999, 1.0, 56.0)
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), "ADDED", initial=True)
    build.event(2.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed", grace_s=1), "DELETED")
    build.event(2.1, "Pod", pod("web-1", "new", "10.0.0.1", ready=True), "ADDED")
    series = build.series("dns", "A web-1.web", "coredns-a", "web-1")
    build.add(series, 0.5, 0.51, a("10.0.0.1"))
    build.sample(series, 1.0, 56.0, lambda _: TIMED_OUT)
    assert verdict_of(build.done(), "recovered-within").outcome is UNKNOWN


@pytest.mark.parametrize(("until_s", "expected"), [(100.0, FAIL), (30.0, OK)])
def test_a_name_that_is_lost_again_was_not_right_before_that(until_s: float, expected: VerdictOutcome) -> None:
    """Recovered means right from then on: back at 3 s counts only if it stays."""
    found = edited().lasts_until(until_s + 5)
    history = found.series("A web-0.web").say(NXDOMAIN, after=6.0, before=until_s).history
    assert verdict_of(history, "recovered-within").outcome is expected
    if expected is FAIL:
        assert "was right again for good between 99." in verdict_of(history, "recovered-within").summary


def test_a_server_that_is_late_behind_the_service_address_fails_though_the_other_answers() -> None:
    found = edited().without_views("coredns-a", "coredns-b").lasts_until(100.0)
    own = found.series("A web-0.web")
    history = own.say_sometimes(NXDOMAIN, lambda n: n % 2 == 0, after=BACK_S, before=90).history
    assert verdict_of(history, "recovered-within").outcome is FAIL


def test_a_name_that_is_still_missing_behind_the_service_address_after_the_limit_fails() -> None:
    found = edited().without_views("coredns-a", "coredns-b").lasts_until(70.0)
    history = found.series("A web-0.web").say(NXDOMAIN, after=0.1).history
    found_verdict = verdict_of(history, "recovered-within")
    assert found_verdict.outcome is FAIL
    assert re.search(r"was not right (69\.9\d|70\.00) s after the deletion", found_verdict.summary)


def test_an_address_that_nobody_has_any_more_is_not_a_name_that_was_never_lost() -> None:
    """A cache, or a DNS server that hears of nothing: no successor was seen, and the old address is given on."""
    found = edited().series("A web-0.web").say(a("10.244.1.4")).lasts_until(100.0)
    found.history.events[:] = [e for e in found.history.events if e.uid != "uid-1-new"]
    assert verdict_of(found.history, "recovered-within").outcome is not OK
    assert RecoveryOutcome.NEVER_LOST not in {r.outcome for r in recoveries(Reading(found.history))}


@pytest.mark.parametrize(("servers", "late_s"), [(2, 40.0), (5, 20.0)])
def test_behind_the_service_address_it_is_right_for_good_when_each_server_is(servers: int, late_s: float) -> None:
    """One of the servers, picked at random for each answer, is late: its instant lies within, whatever others say."""
    rng, outside = random.Random(servers), 0
    alone = edited().only("A web-0.web", "service").lasts_until(80.0).history
    for _ in range(40):
        found = Edited(alone)
        late = found.series("A web-0.web")
        late.say(NXDOMAIN, after=0.1, before=BACK_S)
        picks = lambda _: rng.randrange(servers) == 0  # noqa: E731 - the server that is late
        history = late.say_sometimes(NXDOMAIN, picks, after=BACK_S, before=late_s).history
        lasting = next(r for r in recoveries(Reading(history)) if r.record == "A web-0.web").lasting
        assert lasting is not None
        outside += not lasting.covers(found.zero_ns + ns(late_s))
    assert outside <= 1


def test_a_name_that_is_not_right_yet_when_the_run_is_cut_short_has_not_lost_its_identity() -> None:
    story = replace(QUICK, dns_back_s=20.0, ends_s=5.0, old_stops_s=1.0, old_failed_s=1.2)
    assert verdict_of(pod_replacement(story, contrast=False), "identity-kept").outcome is UNKNOWN


def test_a_pod_that_is_hit_again_within_a_trial_is_another_trials_from_then_on() -> None:
    found = edited().lasts_until(100.0)
    first = found.history.faults[0]
    sent_ns = found.zero_ns + ns(70.0)
    again = replace(first, trial=2, sent_ns=sent_ns, accepted_ns=sent_ns + ns(0.001), ended_ns=None)
    found.history.faults.append(again)
    history = found.series("A web-0.web").say(NXDOMAIN, after=70.1, before=71.3).history
    assert all(
        r.lasting is None or (r.lasting.before_ns or 0) < again.sent_ns
        for r in recoveries(Reading(history))
        if r.trial.number == 1
    )


def test_an_outage_that_was_there_before_the_fault_is_not_its_doing() -> None:
    found = edited()
    refused = Outcome("ECONNREFUSED", "connect")
    history = found.series(probe="http").say(refused, before=BACK_S).history
    view = next(v for v in client_views(Reading(history)) if v.probe == "http")
    assert view.failed is None


def test_a_gap_in_which_the_name_could_have_gone_again_is_unknown() -> None:
    history = edited().lasts_until(40.0).series(probe="dns").say(TIMED_OUT, after=10.0, before=20.0).history
    assert verdict_of(history, "recovered-within").outcome is UNKNOWN
    history = edited().lasts_until(40.0).series(probe="dns").say(TIMED_OUT, after=10.0, before=12.5).history
    assert verdict_of(history, "recovered-within").outcome is OK


def test_a_container_that_had_ended_once_and_was_started_again_proves_no_end() -> None:
    found = Edited(pod_replacement(FORCED, contrast=False))
    uid = found.history.faults[0].targets[0].uid
    restarted = pod("web-0", uid, "10.244.1.4", phase="Failed")
    back = pod("web-0", uid, "10.244.1.4", ready=True)
    for at_s, obj in ((-0.9, restarted), (-0.8, back)):
        found.history.events.append(
            ClusterEvent(found.zero_ns + ns(at_s), "MODIFIED", "Pod", "default", "web-0", uid, obj)
        )
    for event in found.history.events:
        if event.type == "DELETED":
            event.object["status"]["containerStatuses"] = [{"state": {"running": {}}}]
    found.history.events.sort(key=lambda e: e.at_ns)
    nameless = Outcome("OK", "response", address="10.244.1.4")
    history = found.series(probe="address").say(nameless).series(probe="http").say(nameless).history
    assert verdict_of(history, "single-identity").outcome is UNKNOWN


def test_two_pods_are_not_seen_at_once_by_a_clock_that_was_not_known() -> None:
    found = Edited(pod_replacement(FORCED, contrast=False))
    assert verdict_of(found.history, "single-identity").outcome is FAIL
    vantage = found.history.series[0].vantage
    span = {"vantage": vantage, "from_ns": 0, "to_ns": found.zero_ns + ns(60.0), "reason": "it moved by 2 s"}
    found.history.marks.append((found.zero_ns, "clock-unsure", span))
    assert verdict_of(found.history, "single-identity").outcome is UNKNOWN


def test_an_outage_that_begins_with_a_failure_just_before_the_fault_is_one() -> None:
    found = edited()
    by_name = next(s for s in found.history.series if s.probe == "http")
    history = found.series(by_name.record, probe="http").say(
        Outcome("ECONNREFUSED", "connect"), after=-0.15, before=BACK_S
    )
    view = next(v for v in client_views(Reading(history.history)) if v.probe == "http")
    assert view.outage_ns is not None
    assert view.outage_ns.after_ns > (BACK_S - 0.2) * 1e9


def test_a_failure_that_was_over_before_the_fault_is_no_outage_of_it() -> None:
    found = edited()
    history = found.series(probe="stream").say(Outcome("OK", "response", ("web-0",))).history
    history = Edited(history).series(probe="stream").say(TIMED_OUT, before=-0.5).history
    view = next(v for v in client_views(Reading(history)) if v.probe == "stream")
    assert view.failed is None


def flapping(*, seen: bool) -> History:
    """A fault that replaces nobody, and another one within it."""
    build = Builder()
    target = PodIdentity("web-1", "uid", "10.0.0.1", "node-1", "web-1", "1")
    outer = FaultWindow("make-unready", 1, (target,), "accepted", ns(1.0), ns(1.01), ns(9.0), replaces=False)
    inner = FaultWindow("cordon", 2, (), "accepted", ns(2.0), ns(2.01), ns(8.0), replaces=False)
    build.history.faults += [outer, inner]
    build.event(0.5, "Pod", pod("web-1", "uid", "10.0.0.1", ready=True), "ADDED", initial=True)
    if seen:
        build.event(1.1, "Pod", pod("web-1", "uid", "10.0.0.1"))
    steady = {"reached": True, "within_s": 60.0, "took_s": 0.4, "missing": []}
    build.history.marks += [
        (ns(0.9), "steady-state", {**steady, "phase": "before", "trial": 0}),
        (ns(7.0), "steady-state", {**steady, "phase": "after", "trial": 2}),
    ]
    return build.done()


@pytest.mark.parametrize(("unheard", "expected"), [(["dns A web-1.web: TIMEOUT"], UNKNOWN), ([], FAIL)])
def test_a_state_of_which_only_silence_is_known_was_not_missed(unheard: list[str], expected: VerdictOutcome) -> None:
    history = flapping(seen=True)
    missed = {"reached": False, "took_s": None, "missing": ["dns A web-1.web: TIMEOUT"], "unheard": unheard}
    at_ns, what, details = history.marks[-1]
    history.marks[-1] = (at_ns, what, details | missed)
    assert verdict_of(history, "steady-state").outcome is expected


def test_a_fault_that_replaces_nobody_is_told_as_what_it_is() -> None:
    found = verdict_of(flapping(seen=True), "fault-took-effect")
    assert found.outcome is OK
    assert "The API server accepted make-unready web-1, cordon, which replace no pod." in found.summary
    assert verdict_of(flapping(seen=False), "fault-took-effect").outcome is UNKNOWN


def test_a_state_that_is_looked_at_during_a_fault_is_the_state_after_it_too() -> None:
    assert verdict_of(flapping(seen=True), "steady-state").outcome is OK


def test_what_was_heard_before_the_fault_says_nothing_about_the_end_of_a_short_trial() -> None:
    """The trial is shorter than the gap that the rule tolerates, so that answers of before reach into it."""
    history = edited().series(probe="dns").say(TIMED_OUT, after=-0.05).history
    history.meta.parameters["within_s"] = 600.0
    assert {r.right_at_end for r in recoveries(Reading(history))} == {None}
