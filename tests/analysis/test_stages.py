"""How a replacement's time divides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from tests.histories import FORCED, NS_PER_S, Story, ns, pod_replacement


def test_the_parts_sum_to_the_time_from_acceptance_to_the_last_step() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    total_ns = sum(p.duration_ns or 0 for p in line.partition)
    last_ns = max(b for key in ("dns-back", "http") if (b := line.at(key)) is not None)
    assert total_ns == last_ns - line.trial.accepted_ns


def test_each_part_is_what_the_story_says() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    assert line.part("old-gone") == ns(31.1)
    assert line.part("created") == pytest.approx(ns(0.007), abs=2)
    assert line.part("scheduled") == pytest.approx(ns(0.006), abs=2)
    assert line.part("addressed") == pytest.approx(ns(0.987), abs=2)
    assert line.part("ready") == 0
    assert line.part("dns-back") == pytest.approx(ns(0.009), abs=ns(0.012))


def test_propagation_is_measured_over_all_views() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    assert line.propagation_out_ns is not None
    assert 0.013 <= line.propagation_out_ns / NS_PER_S <= 0.025


def test_what_a_watch_showed_is_bounded_from_below_by_the_request_only() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    created = next(b for b in line.boundaries if b.key == "created")
    assert created.interval is not None
    assert created.interval.after_ns == line.trial.sent_ns
    assert created.interval.before_ns == line.trial.accepted_ns + ns(31.107)


def test_the_old_container_stops_in_the_interval_of_its_addresss_samples() -> None:
    (line,) = timelines(Reading(pod_replacement()))
    stopped = next(b for b in line.boundaries if b.key == "old-stopped")
    assert stopped.interval is not None
    assert stopped.interval.covers(line.trial.accepted_ns + ns(30.04))


def test_a_step_seen_after_its_successor_counts_as_nothing() -> None:
    """The watch may show Ready later than DNS gives the address; a negative share would be nonsense."""
    story = replace(Story(), ready_s=32.3, endpoint_ready_s=32.31)
    (line,) = timelines(Reading(pod_replacement(story)))
    assert line.part("dns-back") == 0
    assert all((p.duration_ns or 0) >= 0 for p in line.partition)


def test_a_step_that_was_not_seen_is_missing_and_the_rest_still_sums() -> None:
    history = pod_replacement()
    history.events = [
        e for e in history.events if not (e.kind == "Pod" and e.object["status"].get("podIP") == "10.244.1.41")
    ]
    (line,) = timelines(Reading(history))
    assert line.part("ready") is None
    assert line.at("http") is None


def test_a_forced_deletion_starts_the_new_pod_while_the_old_one_serves() -> None:
    (line,) = timelines(Reading(pod_replacement(FORCED)))
    stopped, created = line.at("old-stopped"), line.at("created")
    assert stopped is not None
    assert created is not None
    assert stopped > created
    assert line.part("old-gone") == ns(0.002)
