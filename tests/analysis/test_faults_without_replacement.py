"""Faults that leave the pods in place: when they took effect, and what the report shows of such a run."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.analysis.checkers.fault_took_effect import fault_took_effect
from chaos.analysis.headline import headline
from chaos.analysis.reading import Reading
from chaos.model import FaultWindow, History, PodIdentity, VerdictOutcome
from chaos.report.watched import watched_series
from tests.histories import NXDOMAIN, Builder, a, endpoint_slice, ns, steps

TARGET = PodIdentity("web-0", "uid-old", "10.244.1.3", "node-1")
OTHER = PodIdentity("web-1", "uid-1", "10.244.1.4", "node-1")
HAD = endpoint_slice(("uid-old", "10.244.1.3", True))
GONE = endpoint_slice()


def broken(*events: tuple[float, str, dict[str, Any]], ended_s: float = 9.0) -> History:
    """A service that selects nobody from 1.0 s on; what was seen of its slice."""
    build = Builder()
    build.history.faults.append(
        FaultWindow("break-selector", 1, (TARGET,), "accepted", ns(1.0), ns(1.01), ns(ended_s), replaces=False)
    )
    for at_s, kind, seen in events:
        build.event(at_s, "EndpointSlice", seen, kind)
    for probe, record in (("dns", "A web-0.web"), ("dns", "PTR 10.244.1.3"), ("http", "web-0.web:80"), ("tcp", "x")):
        series = build.series(probe, record, "service", period_s=0.1)
        build.sample(series, 0.5, 3.0, steps(a("10.244.1.3"), (1.2, NXDOMAIN)))
    return build.done()


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (((0.5, "ADDED", HAD), (1.1, "MODIFIED", GONE)), VerdictOutcome.OK),
        (((0.5, "ADDED", HAD), (1.1, "DELETED", HAD)), VerdictOutcome.OK),
        (((0.5, "ADDED", HAD), (1.1, "MODIFIED", HAD)), VerdictOutcome.UNKNOWN),
        (((0.5, "ADDED", HAD),), VerdictOutcome.UNKNOWN),
        (((1.1, "ADDED", GONE),), VerdictOutcome.UNKNOWN),
        (((0.5, "ADDED", GONE), (1.1, "MODIFIED", GONE)), VerdictOutcome.UNKNOWN),
        (((0.4, "ADDED", HAD), (0.5, "MODIFIED", GONE), (1.1, "MODIFIED", GONE)), VerdictOutcome.UNKNOWN),
        (((0.5, "ADDED", HAD), (9.5, "MODIFIED", GONE)), VerdictOutcome.UNKNOWN),
    ],
)
def test_a_pod_that_a_service_no_longer_has_behind_it_shows_that_the_fault_took_effect(
    events: tuple[tuple[float, str, dict[str, Any]], ...], outcome: VerdictOutcome
) -> None:
    assert fault_took_effect(Reading(broken(*events))).outcome is outcome


def test_another_pods_end_in_the_slice_says_nothing_of_the_target() -> None:
    both = endpoint_slice(("uid-old", "10.244.1.3", True), ("uid-1", "10.244.1.4", True))
    found = fault_took_effect(Reading(broken((0.5, "ADDED", both), (1.1, "MODIFIED", HAD))))
    assert found.outcome is VerdictOutcome.UNKNOWN


def test_the_workloads_names_and_their_clients_are_shown() -> None:
    """No section about recoveries shows them; the others would only make the table longer."""
    assert [s.record for s in watched_series(Reading(broken()))] == ["A web-0.web", "web-0.web:80"]


def test_without_a_fault_only_what_the_method_watched_is_shown() -> None:
    history = broken()
    history.faults.clear()
    history.marks.append((ns(0.1), "watching", {"series": [history.series[1].id]}))
    assert [s.record for s in watched_series(Reading(history))] == ["PTR 10.244.1.3"]


def test_the_first_sentence_does_not_say_that_no_fault_took_effect() -> None:
    assert headline(Reading(broken())) == "No fault was to replace a pod, so no outage of a deleted one was measured."


def test_one_without_targets_is_called_by_what_else_it_is_about() -> None:
    window = FaultWindow("cordon", 1, (), "accepted", 1, 2, 3, parameters={"node": "node-1", "for_s": 3, "why": ""})
    assert window.label == "cordon node-1"
    assert FaultWindow("delete-pods", 1, (TARGET, OTHER), "accepted", 1, 2, 3).label == "delete-pods web-0, web-1"
    assert FaultWindow("nothing", 1, (), "accepted", 1, 2, 3).label == "nothing"
