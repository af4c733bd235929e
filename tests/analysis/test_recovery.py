"""Recoveries from the smallest histories that show each rule."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.model import History, Interval, Outcome, PodIdentity
from tests.histories import NXDOMAIN, TIMED_OUT, Builder, Story, a, ns, pod, pod_replacement, steps

OLD, NEW = "10.0.0.1", "10.0.0.2"


def one_pod(new: str = NEW, *, ended_s: float | None = 5.0) -> Builder:
    """web-1 is deleted at 1 s and replaced, Ready at 3 s."""
    build = Builder()
    build.fault(1, PodIdentity("web-1", "old", OLD, "node-1", "web-1", "1"), 0.999, 1.0, ended_s)
    build.event(0.5, "Pod", pod("web-1", "old", OLD, ready=True), "ADDED", initial=True)
    build.event(2.0, "Pod", pod("web-1", "old", OLD, phase="Failed"), "DELETED")
    if new:
        build.event(2.1, "Pod", pod("web-1", "new"), "ADDED")
        build.event(3.0, "Pod", pod("web-1", "new", new, ready=True))
    return build


def ask(
    build: Builder, *samples: tuple[float, float, Outcome], view: str = "coredns-a", record: str = "A web-1.web"
) -> None:
    """Samples as (sent_s, received_s, outcome)."""
    series = build.series("dns", record, view, "web-1" if "web-1" in record else "")
    for sent_s, received_s, outcome in samples:
        build.add(series, sent_s, received_s, outcome)


def only(history: History) -> Recovery:
    (recovery,) = recoveries(Reading(history))
    return recovery


def bounds(recovery: Recovery) -> tuple[object, object]:
    """Lost and recovered as seconds since t0."""

    def text(interval: object) -> object:
        if interval is None:
            return None
        after, before = interval.after_ns, interval.before_ns  # type: ignore[attr-defined]
        return (recovery.trial.seconds(after), None if before is None else recovery.trial.seconds(before))

    return text(recovery.lost), text(recovery.recovered)


def test_lost_counts_from_the_last_old_answer_even_one_asked_before_the_fault() -> None:
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.25, 3.5, a(NEW)))
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.RECOVERED
    assert bounds(recovery) == ((-0.5, 0.6), (0.5, 2.5))


def test_unknown_samples_widen_the_interval_and_are_counted() -> None:
    build = one_pod()
    servfail = Outcome("SERVFAIL")
    ask(
        build,
        (0.5, 0.6, a(OLD)),
        (1.25, 1.5, TIMED_OUT),
        (1.5, 1.75, NXDOMAIN),
        (3.0, 3.25, servfail),
        (3.5, 3.75, a(NEW)),
    )
    recovery = only(build.done())
    assert bounds(recovery) == ((-0.5, 0.75), (0.5, 2.75))
    assert (recovery.samples, recovery.unknown) == (4, 2)


def test_old_and_new_address_together_are_not_yet_recovered() -> None:
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (3.0, 3.1, a(OLD, NEW)), (3.5, 3.6, a(NEW)))
    assert bounds(only(build.done())) == ((2.0, 2.6), (2.0, 2.6))


def test_a_record_that_stays_away_is_censored_at_the_last_look() -> None:
    build = one_pod(new="")
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (4.5, 4.6, NXDOMAIN))
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.NOT_RECOVERED
    assert bounds(recovery) == ((-0.5, 0.6), (3.5, None))


def test_a_view_that_goes_on_giving_the_old_address_is_not_recovered() -> None:
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, a(OLD)), (4.5, 4.6, a(OLD)))
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.NOT_RECOVERED
    assert bounds(recovery) == (None, (3.5, None))


def test_only_timeouts_are_unknown_not_lost() -> None:
    build = one_pod()
    ask(build, (1.5, 2.5, TIMED_OUT), (2.5, 3.5, TIMED_OUT))
    assert only(build.done()).outcome is RecoveryOutcome.UNKNOWN


def test_a_pod_that_keeps_its_address_recovers_after_the_absence() -> None:
    build = one_pod(new=OLD)
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.5, 3.6, a(OLD)))
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.RECOVERED
    assert bounds(recovery) == ((-0.5, 0.6), (0.5, 2.6))


def test_a_pod_that_keeps_its_address_and_record_was_never_lost() -> None:
    build = one_pod(new=OLD)
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, a(OLD)), (4.5, 4.6, a(OLD)))
    assert only(build.done()).outcome is RecoveryOutcome.NEVER_LOST


def test_an_address_that_no_event_explains_is_unknown() -> None:
    build = one_pod(new="")
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.5, 3.6, a("10.9.9.9")))
    recovery = only(build.done())
    assert recovery.unknown == 1
    assert recovery.outcome is RecoveryOutcome.UNKNOWN


def test_what_belongs_to_the_next_trial_is_not_counted() -> None:
    build = one_pod(ended_s=4.0)
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (4.5, 4.6, a(NEW)))
    assert only(build.done()).outcome is RecoveryOutcome.NOT_RECOVERED


def test_the_service_view_cannot_be_surer_than_the_replicas_behind_it() -> None:
    """Its answers come from one replica each, so they say nothing about when the other changed."""
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (2.5, 2.6, NXDOMAIN), (3.5, 3.6, a(NEW)), view="coredns-a")
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.25, 3.3, NXDOMAIN), (3.7, 3.8, a(NEW)), view="coredns-b")
    ask(build, (0.9, 0.95, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.4, 3.45, NXDOMAIN), (3.6, 3.65, a(NEW)), view="service")
    service = next(r for r in recoveries(Reading(build.done())) if r.view == "service")
    assert bounds(service) == ((-0.5, pytest.approx(0.6)), (1.5, pytest.approx(2.65)))


def test_without_direct_views_only_the_fault_bounds_the_service_view() -> None:
    build = one_pod()
    ask(build, (0.9, 0.95, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.5, 3.75, a(NEW)), view="service")
    assert only(build.done()).recovered.after_ns == ns(0.999)  # type: ignore[union-attr]


def test_a_view_that_flips_has_an_early_first_and_a_late_stable_success() -> None:
    build = one_pod(ended_s=9.0)
    flipping = [(3.0 + i / 10, 3.01 + i / 10, NXDOMAIN if i in (1, 3) else a(NEW)) for i in range(40)]
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), *flipping, view="service")
    recovery = only(build.done())
    assert recovery.flips == 2
    assert recovery.recovered is not None
    assert recovery.recovered.before_ns == ns(3.01)
    assert recovery.stable_before_ns == ns(3.41)


def test_too_few_right_answers_at_the_end_are_recovered_but_not_stable() -> None:
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), *[(3.5 + i / 10, 3.51 + i / 10, a(NEW)) for i in range(4)])
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.RECOVERED
    assert recovery.stable_before_ns is None


def test_lost_again_by_the_end_is_not_recovered() -> None:
    build = one_pod()
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.5, 3.6, a(NEW)), (4.5, 4.6, NXDOMAIN))
    recovery = only(build.done())
    assert recovery.outcome is RecoveryOutcome.NOT_RECOVERED
    assert recovery.right_at_end is False


def test_srv_is_judged_by_the_additional_address_of_the_target() -> None:
    def srv(address: str) -> Outcome:
        return Outcome("NOERROR", values=("web-1.web.default.x",), additional=(f"web-1.web.default.x={address}",))

    build = one_pod()
    gone = Outcome("NOERROR", values=("web-2.web.x",), additional=("web-2.web.x=10.0.0.9",))
    ask(build, (0.5, 0.6, srv(OLD)), (1.5, 1.6, gone), (3.25, 3.5, srv(NEW)), record="SRV web")
    assert bounds(only(build.done())) == ((-0.5, 0.6), (0.5, 2.5))


def test_srv_without_additional_is_judged_by_the_absence_between() -> None:
    named = Outcome("NOERROR", values=("web-1.web.default.x",))
    build = one_pod()
    ask(build, (0.5, 0.6, named), (1.5, 1.6, NXDOMAIN), (3.25, 3.5, named), record="SRV web")
    assert bounds(only(build.done())) == ((-0.5, 0.6), (0.5, 2.5))


def test_an_address_shaped_srv_target_is_not_the_pods_own_name() -> None:
    """A restarted pod with a wrong serviceName appears like this, while the service's A record looks healthy."""
    shaped = Outcome("NOERROR", values=("10-0-0-2.web.x",), additional=(f"10-0-0-2.web.x={NEW}",))
    own = Outcome("NOERROR", values=("web-1.web.default.x",), additional=(f"web-1.web.default.x={OLD}",))
    build = one_pod()
    ask(build, (0.5, 0.6, own), (1.5, 1.6, shaped), (3.25, 3.5, shaped), record="SRV web")
    assert only(build.done()).outcome is RecoveryOutcome.NOT_RECOVERED


def test_the_reverse_record_is_lost_at_the_old_address_and_back_at_the_new_one() -> None:
    named = Outcome("NOERROR", values=("web-1.web.default.x",))
    build = one_pod()
    for address, samples in {
        OLD: [(0.5, 0.6, named), (1.5, 1.6, NXDOMAIN)],
        NEW: [(3.0, 3.1, NXDOMAIN), (3.5, 3.6, named)],
    }.items():
        series = build.series("dns", f"PTR {address}", "coredns-a", "web-1")
        for sent_s, received_s, outcome in samples:
            build.add(series, sent_s, received_s, outcome)
    recovery = only(build.done())
    assert recovery.record == "PTR web-1.web"
    assert bounds(recovery) == ((-0.5, 0.6), (2.0, 2.6))


@pytest.mark.parametrize("seed", range(5))
def test_the_true_instants_lie_in_every_interval_of_a_whole_run(seed: int) -> None:
    rng = random.Random(seed)
    story = replace(Story().shifted(rng.random()), dns_lost_s=rng.uniform(0.001, 0.2))
    checked = 0
    for recovery in recoveries(Reading(pod_replacement(story, seed=seed))):
        if recovery.record.startswith("PTR"):
            continue
        lag_s = 0.002 if recovery.view == "coredns-b" else 0.0
        t0 = recovery.trial.accepted_ns
        assert recovery.lost is not None
        assert recovery.recovered is not None
        assert recovery.lost.covers(t0 + ns(story.dns_lost_s + lag_s))
        assert recovery.recovered.covers(t0 + ns(story.dns_back_s + lag_s))
        checked += 1
    assert checked == 9


def test_a_refused_fault_has_no_recoveries() -> None:
    build = Builder()
    build.fault(1, PodIdentity("web-1", "old", OLD, "node-1"), 1.0, None, 2.0, detail="forbidden")
    build.sample(build.series("dns", "A web-1.web", "coredns-a", "web-1"), 0.0, 2.0, steps(a(OLD)))
    assert recoveries(Reading(build.done())) == []


def test_samples_from_before_the_fault_count_even_where_the_trial_before_ended_with_it() -> None:
    """Trials follow each other without a pause, and the last old answer was then sampled in the one before."""
    build = one_pod()
    other = PodIdentity("web-0", "other", "10.0.0.7", "node-1", "web-0", "0")
    build.history.faults.insert(0, replace(build.history.faults[0], trial=0, targets=(other,), ended_ns=ns(0.9985)))
    ask(build, (0.5, 0.6, a(OLD)), (1.5, 1.6, NXDOMAIN), (3.5, 3.6, a(NEW)))
    recovery = next(r for r in recoveries(Reading(build.done())) if r.trial.number == 1)
    assert recovery.lost is not None
    assert recovery.lost.after_ns == ns(0.5)


def one_pod_behind_two_servers(*service: tuple[float, float, Outcome]) -> Builder:
    """It keeps its address. One server has no such name from 1.2 to 2.0 s, the other one from 2.5 to 3.5 s."""
    build = one_pod(new=OLD, ended_s=9.0)
    present = [(at / 10, at / 10 + 0.01, a(OLD)) for at in range(36, 90)]
    ask(build, (0.9, 0.95, a(OLD)), (1.15, 1.2, NXDOMAIN), (1.9, 1.95, NXDOMAIN), (2.05, 2.1, a(OLD)), *present)
    late = ((2.4, 2.45, a(OLD)), (2.55, 2.6, NXDOMAIN), (3.4, 3.45, NXDOMAIN))
    ask(build, (0.9, 0.95, a(OLD)), *late, *present, view="coredns-b")
    ask(build, (0.9, 0.95, a(OLD)), *service, *present, view="service")
    return build


def test_behind_several_servers_an_address_that_stays_is_not_back_while_one_may_still_have_kept_it() -> None:
    """The answer at 1.5 s is the second server's, which has not even dropped the name."""
    build = one_pod_behind_two_servers((1.2, 1.25, NXDOMAIN), (1.5, 1.55, a(OLD)), (3.0, 3.05, NXDOMAIN))
    found = {r.view: r for r in recoveries(Reading(build.done()))}
    service = found["service"]
    assert service.recovered is not None
    assert service.recovered.covers(ns(2.0))
    assert service.recovered.before_ns == ns(3.61)
    assert service.lost is not None
    assert service.lost.covers(ns(1.18))


def test_nor_where_the_servers_cannot_be_asked_one_by_one() -> None:
    build = one_pod(new=OLD, ended_s=9.0)
    present = [(at / 10, at / 10 + 0.01, a(OLD)) for at in range(36, 90)]
    samples = ((0.9, 0.95, a(OLD)), (1.2, 1.25, NXDOMAIN), (1.5, 1.55, a(OLD)), (3.0, 3.05, NXDOMAIN))
    ask(build, *samples, *present, view="service")
    recovery = only(build.done())
    assert recovery.recovered is not None
    # With five servers behind it so many answers in a row are needed to know that one of them has it again.
    thirty_first_s = 3.6 + 30 * 0.1
    assert recovery.recovered.before_ns == ns(thirty_first_s + 0.01)


def test_the_service_is_right_for_good_when_the_last_of_its_servers_is() -> None:
    """Its own answers would need ten in a row to tell; each server's own tell at once."""
    build = one_pod(ended_s=9.0)
    right = [(at / 10, at / 10 + 0.01, a(NEW)) for at in range(36, 44)]
    for view, back_s in (("coredns-a", 3.1), ("coredns-b", 3.4), ("service", 3.3)):
        ask(build, (0.9, 0.95, a(OLD)), (1.5, 1.6, NXDOMAIN), (back_s - 0.05, back_s, NXDOMAIN), *right, view=view)
    service = next(r for r in recoveries(Reading(build.done())) if r.view == "service")
    assert (service.lasting, service.stable_before_ns) == (Interval(ns(3.35), ns(3.61)), ns(3.61))


def test_a_service_that_is_wrong_later_than_all_its_servers_has_another_one() -> None:
    build = one_pod(ended_s=9.0)
    right = [(at / 10, at / 10 + 0.01, a(NEW)) for at in range(36, 80)]
    for view in ("coredns-a", "coredns-b"):
        ask(build, (0.9, 0.95, a(OLD)), (1.5, 1.6, NXDOMAIN), *right, view=view)
    ask(build, (0.9, 0.95, a(OLD)), (1.5, 1.6, NXDOMAIN), *right, (8.0, 8.01, NXDOMAIN), view="service")
    service = next(r for r in recoveries(Reading(build.done())) if r.view == "service")
    assert service.outcome is RecoveryOutcome.NOT_RECOVERED
    assert service.lasting is not None
    assert service.lasting.after_ns == ns(8.0)
