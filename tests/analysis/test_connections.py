"""What clients saw."""

from __future__ import annotations

from chaos.analysis.connections import ClientView, client_views
from chaos.analysis.outage import outage
from chaos.analysis.reading import Reading
from chaos.model import History, Interval, Outcome, PodIdentity
from tests.edited import Edited
from tests.histories import FORCED, Builder, ns, pod_replacement

REFUSED = Outcome("ECONNREFUSED", "connect")


def view(history: History, probe: str) -> ClientView:
    return next(v for v in client_views(Reading(history)) if v.probe == probe)


def test_by_name_fails_at_once_and_by_clusterip_when_the_container_stops() -> None:
    history = pod_replacement()
    http, clusterip = view(history, "http"), view(history, "clusterip")
    assert http.first_failure == ("NXDOMAIN", "resolve")
    assert clusterip.first_failure == ("ECONNREFUSED", "connect")
    t0 = http.trial.accepted_ns
    assert http.failed is not None
    assert clusterip.failed is not None
    assert http.failed.covers(t0 + ns(0.012))
    assert clusterip.failed.covers(t0 + ns(30.04))


def test_the_outage_is_bounded_from_both_sides() -> None:
    outage = view(pod_replacement(), "http").outage_ns
    assert outage is not None
    assert outage.covers(ns(32.107 - 0.011))


def test_the_long_lived_connection_ends_when_the_container_does() -> None:
    stream = view(pod_replacement(), "stream")
    assert stream.first_failure == ("EOF", "idle")
    assert stream.failed is not None
    assert stream.failed.covers(stream.trial.accepted_ns + ns(30.04))


def test_a_stray_failure_is_not_taken_for_the_outage() -> None:
    history = pod_replacement()
    series = next(s for s in history.series if s.probe == "clusterip")
    samples = history.samples[series.id]
    position = next(i for i, at in enumerate(samples.sent_ns) if at > ns(5))
    samples.outcome[position] = next(i for i, o in enumerate(history.outcomes) if o.status == "TIMEOUT")
    failed = view(history, "clusterip").failed
    assert failed is not None
    assert failed.after_ns > ns(30)


def test_all_time_without_service_is_told_beside_the_longest_stretch() -> None:
    history = Edited(pod_replacement()).series(probe="clusterip").say(REFUSED, after=5.0, before=7.0).history
    seen = view(history, "clusterip")
    assert seen.outage_ns is not None
    assert seen.stretches == 2
    # From 5 to 7 s, and from when the container stopped to when the new one served.
    assert seen.outage_ns.covers(ns(32.1 - 30.04))
    assert seen.without_ns.covers(ns(2.0 + 32.1 - 30.04))


def test_time_without_service_has_no_end_where_a_stretch_has_none() -> None:
    old = view(pod_replacement(), "address")
    assert old.without_ns.before_ns is None
    assert old.without_ns.after_ns > 0


def test_an_address_that_never_serves_again_is_censored() -> None:
    old = view(pod_replacement(), "address")
    assert old.restored is not None
    assert old.restored.before_ns is None


def test_counts_tell_status_and_phase_of_every_sample() -> None:
    http = view(pod_replacement(), "http")
    assert sum(n for _, _, n in http.counts) == http.samples
    assert {(status, phase) for status, phase, _ in http.counts} == {("OK", ""), ("NXDOMAIN", "resolve")}


def test_a_client_without_failures_has_no_outage() -> None:
    """On a forced deletion the ClusterIP goes over from the old container to the new pod."""
    clusterip = view(pod_replacement(FORCED), "clusterip")
    assert clusterip.failed is None
    assert clusterip.outage_ns is None


def test_the_end_of_a_connection_that_idled_before_the_fault_is_an_outage() -> None:
    """Its sample began half a second before the fault, and was received after it."""
    build = Builder()
    stream = build.series("stream", "web-1.web:80", "service", "web-1")
    ok = Outcome("OK", "response", ("web-1",))
    eof, gone = Outcome("EOF", "idle"), Outcome("NXDOMAIN", "resolve")
    for sent_s, received_s, outcome in ((9.6, 9.61, ok), (9.61, 10.05, eof), (10.1, 10.11, gone), (12.1, 12.2, ok)):
        build.add(stream, sent_s, received_s, outcome)
    build.fault(1, PodIdentity("web-1", "uid-1", "10.0.0.1", "node-1"), 10.0, 10.001, 13.0)
    (found,) = client_views(Reading(build.done()))
    assert found.failed is not None
    assert found.first_failure == ("EOF", "idle")


def clicks(*samples: tuple[float, Outcome], period_s: float = 0.5) -> Builder:
    """A client of web-1, whose pod is deleted at 10 s; samples as (sent_s, outcome)."""
    build = Builder()
    http = build.series("http", "web-1.web:80", "service", "web-1", period_s=period_s)
    for sent_s, outcome in samples:
        build.add(http, sent_s, sent_s + 0.01, outcome)
    build.fault(1, PodIdentity("web-1", "uid-1", "10.0.0.1", "node-1"), 10.0, 10.001, 14.0)
    return build


OK, REFUSED = Outcome("OK", "response", ("web-1",)), Outcome("ECONNREFUSED", "connect")
# One failure between successes that were far apart, then one between successes close by.
FAR_THEN_NEAR = ((9.5, OK), (11.0, REFUSED), (12.5, OK), (12.7, REFUSED), (12.9, OK), (13.5, OK))


def test_the_longest_outage_is_the_one_that_may_have_been() -> None:
    """Of two single failures the later one was told, and the true one was longer."""
    history = clicks(*FAR_THEN_NEAR).done()
    (found,) = client_views(Reading(history))
    assert found.failed is not None
    assert found.outage_ns is not None
    assert found.failed.after_ns == ns(9.5)
    assert found.outage_ns.before_ns == ns(3.01)
    told = outage(Reading(history), history.series[0], ns(10))
    assert told is not None
    assert (told.began.after_ns, told.length_ns.before_ns) == (ns(9.5), ns(3.01))


def test_an_outage_that_had_just_begun_is_not_the_longest() -> None:
    history = clicks(*FAR_THEN_NEAR, (13.7, REFUSED)).done()
    (found,) = client_views(Reading(history))
    assert found.restored is not None
    assert found.restored.before_ns == ns(12.51)
    told = outage(Reading(history), history.series[0], ns(10))
    assert told is not None
    assert told.ended.before_ns == ns(12.51)


def test_an_outage_may_have_been_where_nothing_was_tried() -> None:
    """All tries of a client hung, so it began no other for two seconds; then one failed for an instant."""
    history = clicks((9.5, OK), (10.5, OK), (12.6, OK), (12.7, REFUSED), (12.8, OK), (13.5, OK)).done()
    told = outage(Reading(history), history.series[0], ns(10))
    assert told is not None
    assert told.length_ns == Interval(0, ns(2.11))


def test_a_lost_packet_of_before_the_fault_does_not_bring_an_earlier_outage_into_the_trial() -> None:
    """It timed out after the fault, and what was tried after it had succeeded before."""
    build = clicks((8.0, OK), (8.5, REFUSED), (9.0, REFUSED))
    http = build.series("http", "web-1.web:80", "service", "web-1")
    for sent_s, received_s, outcome in (
        (9.4, 10.4, Outcome("TIMEOUT", "resolve")),
        (9.5, 9.51, OK),
        (10.5, 10.51, REFUSED),
        (11.0, 11.01, OK),
    ):
        build.add(http, sent_s, received_s, outcome)
    (found,) = client_views(Reading(build.done()))
    assert found.stretches == 1
    assert found.outage_ns is not None
    assert found.outage_ns.before_ns == ns(1.51)
