"""What is exported of a history, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chaos.analysis.checkers import CHECKERS, judge
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import recoveries
from chaos.metrics import definitions as d
from chaos.metrics import not_begun
from chaos.metrics.figures import Point, figures, progress
from chaos.model import FaultWindow, History, PodIdentity, Verdict, VerdictOutcome
from tests.histories import NXDOMAIN, Builder, Story, a, ns, pod, pod_replacement, steps


def of(points: list[Point], metric: d.Metric, **attributes: str) -> list[float]:
    """Values of a metric's points with these attributes, named by the label that each becomes."""
    found = []
    for point in points:
        labels = {d.label(name): value for name, value in point.attributes.items()}
        if point.metric is metric and attributes.items() <= labels.items():
            found.append(point.value)
    return found


def record_of_two_pods(*back_s: float | None) -> History:
    """One trial for each: the A record of a pod is lost at once, and back so many seconds later, or never."""
    build = Builder()
    for number, seconds in enumerate(back_s, 1):
        t0, name, old, new = number * 10.0, f"web-{number}", f"10.0.0.{number}", f"10.0.1.{number}"
        build.fault(number, PodIdentity(name, f"old-{number}", old, "node-1", name), t0, t0, t0 + 8)
        build.event(t0 - 1, "Pod", pod(name, f"old-{number}", old, ready=True), "ADDED", initial=True)
        build.event(t0 + 0.5, "Pod", pod(name, f"old-{number}", old, phase="Failed"), "DELETED")
        build.event(t0 + 1, "Pod", pod(name, f"new-{number}", new, ready=True), "ADDED")
        changes = [(t0, NXDOMAIN)] + ([] if seconds is None else [(t0 + seconds, a(new))])
        series = build.series("dns", f"A {name}.web", "coredns-a", name, period_s=0.125)
        build.sample(series, t0 - 1, t0 + 8, steps(a(old), *changes), latency_s=2**-10)
    return build.done()


def test_recovery_times_are_exported_as_both_bounds_of_an_interval() -> None:
    points = figures(Reading(record_of_two_pods(2.0, 3.0)), [], 0)
    for statistic, truth_s in (("median", 2.5), ("max", 3.0)):
        (lower,) = of(points, d.RECOVERY, record="pod-a", view="replica", statistic=statistic, bound="lower")
        (upper,) = of(points, d.RECOVERY, record="pod-a", view="replica", statistic=statistic, bound="upper")
        assert lower < truth_s <= upper
        assert upper - lower <= 0.125 + 2**-10


def test_bounds_are_those_of_the_recoveries_themselves() -> None:
    history = pod_replacement(Story(), Story().shifted(2.0))
    points = figures(Reading(history), [], 0)
    mine = [r for r in recoveries(Reading(history)) if r.record.startswith("A web-") and r.view != "service"]
    uppers = [r.trial.seconds(r.recovered.before_ns) for r in mine if r.recovered and r.recovered.before_ns]
    lowers = [r.trial.seconds(r.recovered.after_ns) for r in mine if r.recovered]
    assert len(uppers) == 4
    assert of(points, d.RECOVERY, record="pod-a", view="replica", statistic="max", bound="upper") == [max(uppers)]
    assert of(points, d.RECOVERY, record="pod-a", view="replica", statistic="max", bound="lower") == [max(lowers)]


def test_one_that_did_not_recover_is_counted_and_takes_the_maximum_with_it() -> None:
    points = figures(Reading(record_of_two_pods(2.0, None, 3.0)), [], 1)
    assert of(points, d.RECOVERIES, record="pod-a", outcome="recovered") == [2]
    assert of(points, d.RECOVERIES, record="pod-a", outcome="not-recovered") == [1]
    assert of(points, d.RECOVERY, record="pod-a", statistic="max") == []
    lower, upper = of(points, d.RECOVERY, record="pod-a", statistic="median")
    assert lower < 3.0 <= upper  # the middle of 2, 3 and more than 8
    assert len(of(points, d.POD_RECOVERY, k8s_pod_name="web-1")) == 2
    assert of(points, d.POD_RECOVERY, k8s_pod_name="web-2") == []


def test_a_median_that_a_censored_one_decides_is_missing() -> None:
    points = figures(Reading(record_of_two_pods(None, 2.0)), [], 1)
    assert of(points, d.RECOVERY) == []


def test_what_was_not_measured_is_missing_and_not_zero() -> None:
    points = figures(Reading(record_of_two_pods(2.0)), [], 0)
    for metric in (d.OUTAGE, d.OUTAGES, d.EXCHANGES, d.DNS_QUERIES, d.API_REQUESTS, d.VANTAGES):
        assert of(points, metric) == []
    assert of(points, d.RECOVERIES, view="service") == []
    assert of(points, d.STAGES, stage="http") == []


def test_a_verdict_is_one_of_three_states() -> None:
    verdicts = [Verdict("identity-kept", VerdictOutcome.FAIL, ""), Verdict("steady-state", VerdictOutcome.OK, "")]
    points = figures(Reading(pod_replacement()), verdicts, 1)
    assert of(points, d.VERDICT, checker="identity-kept", outcome="fail") == [1]
    assert of(points, d.VERDICT, checker="identity-kept", outcome="ok") == [0]
    assert of(points, d.VERDICT, checker="identity-kept", outcome="unknown") == [0]
    assert of(points, d.VERDICT, checker="steady-state", outcome="ok") == [1]


def test_only_a_run_that_held_has_a_time_of_success() -> None:
    history = pod_replacement()
    began_s = history.meta.started_at.timestamp()
    held, failed = figures(Reading(history), [], 0), figures(Reading(history), [], 1)
    assert of(held, d.LAST_SUCCESS) == of(held, d.LAST_RUN) == of(failed, d.LAST_RUN) == [began_s]
    assert of(failed, d.LAST_SUCCESS) == []
    assert of(failed, d.EXIT_CODE) == [1]


def test_a_namespace_of_one_run_is_no_label_and_a_named_one_is() -> None:
    own, named = pod_replacement(), pod_replacement()
    own.meta.target["namespace"] = "chaos-identity-0a1b2c"
    named.meta.parameters["namespace"] = "shop"
    assert {p.attributes[d.NAMESPACE] for p in figures(Reading(own), [], 0)} == {""}
    assert {p.attributes[d.NAMESPACE] for p in figures(Reading(named), [], 0)} == {"shop"}


@pytest.mark.parametrize("simulated", [True, False])
def test_every_point_says_whether_it_was_simulated(simulated: bool) -> None:
    points = figures(Reading(pod_replacement(simulated=simulated)), [], 0)
    assert {p.attributes[d.SIMULATED] for p in points} == {str(simulated).lower()}


def test_the_number_of_series_grows_with_pods_only() -> None:
    def size(stories: int) -> int:
        history = pod_replacement(*[Story()] * stories)
        points = figures(Reading(history), judge(Reading(history), list(CHECKERS)), 0)
        keys = {(p.metric.name, tuple(sorted(p.attributes.items()))) for p in points}
        assert len(keys) == len(points)  # no series twice: an exposition with one is refused as a whole
        return len(points)

    one, three, six = size(1), size(3), size(6)
    assert three - one == 2 * 2  # two more pods
    assert six == three  # the same pods again
    assert one < 160


def test_outages_of_clients_are_intervals_and_lasting_ones_have_no_length() -> None:
    points = figures(Reading(pod_replacement(Story())), [], 0)
    lower, upper = (of(points, d.OUTAGE, probe="http", statistic="max", bound=b)[0] for b in ("lower", "upper"))
    assert lower < Story().dns_back_s - Story().dns_lost_s < upper
    assert of(points, d.OUTAGES, probe="http", outcome="ended") == [1]
    cut_short = pod_replacement(replace(Story(), dns_back_s=60.0))
    points = figures(Reading(cut_short), [], 1)
    assert of(points, d.OUTAGES, probe="http", outcome="lasting") == [1]
    assert of(points, d.OUTAGE, probe="http") == []


def test_faults_are_counted_by_what_became_of_them() -> None:
    history = pod_replacement()
    history.faults.append(FaultWindow("delete-pod", 2, (), "refused", ns(90), None, None, "forbidden"))
    points = figures(Reading(history), [], 3)
    assert of(points, d.FAULTS, fault="delete-pod", outcome="accepted") == [1]
    assert of(points, d.FAULTS, fault="delete-pod", outcome="refused") == [1]
    assert of(points, d.FAULTS, fault="delete-pod", outcome="partial") == [0]


def test_a_vantage_that_was_lost_is_counted_once() -> None:
    history = pod_replacement()
    history.meta.environment["vantages"] = [{"name": "agent-0"}, {"name": "agent-1"}, {"name": "agent-2"}]
    for at_s in (2, 3):
        history.marks.append((ns(at_s), "vantage-lost", {"vantage": "agent-1", "reason": "evicted"}))
    points = figures(Reading(history), [], 0)
    assert of(points, d.VANTAGES, outcome="kept") == [2]
    assert of(points, d.VANTAGES, outcome="lost") == [1]


def test_a_run_that_never_began_says_so_and_nothing_else() -> None:
    at = datetime(2026, 5, 6, tzinfo=UTC)
    history = not_begun("identity-persistence", at, simulated=False, namespace="shop", statefulset="web")
    points = figures(Reading(history), [], 3)
    assert of(points, d.EXIT_CODE, experiment="identity-persistence", k8s_namespace_name="shop") == [3]
    assert of(points, d.LAST_RUN) == [at.timestamp()]
    assert of(points, d.STATUS, outcome="incomplete") == [1]
    assert {p.metric for p in points} == {d.RUN_INFO, d.LAST_RUN, d.EXIT_CODE, d.STATUS}


def test_progress_shows_what_a_run_has_recorded_so_far() -> None:
    history = pod_replacement()
    points = progress(history)
    assert of(points, d.IN_PROGRESS) == [1]
    assert of(points, d.SAMPLES) == [sum(len(s) for s in history.samples.values())]
    assert of(points, d.FAULTS, outcome="accepted") == [1]
    assert of(points, d.RECOVERIES) == []
    assert progress(None) == []
