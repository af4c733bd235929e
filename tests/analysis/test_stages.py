"""How a replacement's time divides."""

from __future__ import annotations

from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.model import Interval
from tests.histories import FORCED, NS_PER_S, ns, pod_replacement


def test_propagation_is_measured_over_all_views() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    lost = line.since_cause("dns-lost")
    assert lost is not None
    assert lost.covers(ns(0.011))
    assert 0.013 <= (lost.before_ns or 0) / NS_PER_S <= 0.025


def test_what_a_watch_showed_is_bounded_from_below_by_the_request_without_lists() -> None:
    history = pod_replacement()
    history.revisions.clear()
    (line,) = timelines(Reading(history))
    assert line.instant("created") == Interval(line.trial.sent_ns, line.trial.accepted_ns + ns(31.107))


def test_and_by_the_last_list_that_did_not_show_it() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    created = line.instant("created")
    assert created is not None
    assert created.before_ns == line.trial.accepted_ns + ns(31.107)
    assert ns(0.95 * 31.107 - 0.06) <= created.after_ns - line.trial.accepted_ns < ns(31.107)


def test_an_upper_bound_counts_from_when_the_deletion_may_have_begun() -> None:
    """The API server may have taken all of the time from the request to its answer."""
    (line,) = timelines(Reading(pod_replacement()))
    at, counted = line.instant("created"), line.since_cause("created")
    assert at is not None
    assert counted is not None
    assert counted.before_ns == (at.before_ns or 0) - line.trial.sent_ns


def test_a_list_that_showed_it_or_that_is_later_bounds_nothing() -> None:
    history = pod_replacement()
    history.revisions = [(at_ns, revision + 40_000_000) for at_ns, revision in history.revisions]
    (line,) = timelines(Reading(history))
    assert line.instant("created") == Interval(line.trial.sent_ns, line.trial.accepted_ns + ns(31.107))


def test_a_list_of_a_server_that_is_behind_bounds_nothing() -> None:
    """What had been seen when it was asked for is not in it."""
    history = pod_replacement()
    history.revisions = [(at_ns, 1) for at_ns, _ in history.revisions]
    (line,) = timelines(Reading(history))
    assert line.instant("created") == Interval(line.trial.sent_ns, line.trial.accepted_ns + ns(31.107))


def test_a_step_is_bounded_by_the_one_before_it() -> None:
    """A pod cannot be Ready before it was created, whatever else is known of it."""
    history = pod_replacement()
    target = history.faults[0].targets[0]
    later = [e for e in history.events if e.kind == "Pod" and e.name == target.name and e.uid != target.uid]
    ready = next(e for e in later if e.object["status"]["conditions"][0]["status"] == "True")
    ready.object["metadata"]["resourceVersion"] = "none"
    (line,) = timelines(Reading(history))
    before, seen = line.instant("scheduled"), line.instant("ready")
    assert before is not None
    assert seen is not None
    assert seen.after_ns == before.after_ns > line.trial.sent_ns


def test_the_old_container_stops_in_the_interval_of_its_addresss_samples() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    stopped = next(b for b in line.boundaries if b.key == "old-stopped")
    assert stopped.interval is not None
    assert stopped.interval.covers(line.trial.accepted_ns + ns(30.04))


def test_a_step_that_was_not_seen_has_no_instant() -> None:
    history = pod_replacement()
    history.events = [
        e for e in history.events if not (e.kind == "Pod" and e.object["status"].get("podIP") == "10.244.1.41")
    ]
    (line,) = timelines(Reading(history))
    assert line.instant("ready") is None
    assert line.between("created", "ready") is None
    assert line.at("http") is None


def test_a_forced_deletion_starts_the_new_pod_while_the_old_one_serves() -> None:
    (line,) = timelines(Reading(pod_replacement(FORCED)))
    stopped, created = line.at("old-stopped"), line.at("created")
    assert stopped is not None
    assert created is not None
    assert stopped > created
    assert line.at("old-gone") == line.trial.accepted_ns + ns(0.002)
