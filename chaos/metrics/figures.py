"""The figures of a run: what it measured, as points of the defined metrics. What is not known has no point."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import chaos
from chaos.analysis.bounds import since
from chaos.analysis.connections import client_views
from chaos.analysis.division import PARTS, divisions
from chaos.analysis.reading import Reading
from chaos.analysis.records import SERVICE_VIEW, RecordKind
from chaos.analysis.recovery import Recovery, RecoveryOutcome, recoveries
from chaos.analysis.trials import NS_PER_S, no_effect, trials
from chaos.metrics import definitions as d
from chaos.model import History, Interval, RunMeta, Verdict, VerdictOutcome
from chaos.model.history import STATUSES

_RECORDS = {
    RecordKind.POD_A: "pod-a",
    RecordKind.SERVICE_A: "service-a",
    RecordKind.POD_AAAA: "pod-aaaa",
    RecordKind.SERVICE_AAAA: "service-aaaa",
    RecordKind.SRV: "srv",
}
# "address" is none of them: that the old address stops answering is no outage.
_CLIENTS = ("tcp", "http", "clusterip", "stream")
_FAULT_OUTCOMES = ("accepted", "refused", "partial", "unknown", "sent")
_STATISTICS: dict[str, Callable[[list[float]], float]] = {"median": statistics.median, "max": max}


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric.

    Attributes:
        attributes: values of `IDENTITY` and of the metric's own attributes, by name; empty where unknown.
    """

    metric: d.Metric
    attributes: dict[str, str]
    value: float


def figures(reading: Reading, verdicts: Sequence[Verdict], exit_code: int) -> list[Point]:
    """All figures of a run that is over."""
    measured = [*_recoveries(reading), *_clients(reading), *_stages(reading)]
    return outcome_of(reading.history, verdicts, exit_code) + _identified(reading.history, measured)


def outcome_of(history: History, verdicts: Sequence[Verdict], exit_code: int) -> list[Point]:
    """How a run ended, without anything that has to be analysed."""
    found = [*_run(history, exit_code), *_verdicts(verdicts), *_faults(history), *_cost(history)]
    return _identified(history, found)


def progress(history: History | None) -> list[Point]:
    """Figures of a run that goes on: only those that cost next to nothing, since the same process measures."""
    if history is None:
        return []
    samples = sum(map(len, list(history.samples.values())))
    found = [
        Point(d.IN_PROGRESS, {}, 1),
        Point(d.SAMPLES, {}, samples),
        Point(d.LAST_RUN, {}, history.meta.started_at.timestamp()),
        *_faults(history),
    ]
    return _identified(history, found)


def ended(points: Iterable[Point], history: History) -> list[Point]:
    """What the endpoint serves once the run is over: its figures, and that it is over."""
    return [*points, Point(d.IN_PROGRESS, identity(history), 0)]


def not_begun(
    experiment: str, started_at: datetime, *, simulated: bool, namespace: str = "", statefulset: str = ""
) -> History:
    """The history of a run that was refused before it recorded anything, such as by its preflight.

    Published with its exit code it replaces the figures of the run before, which nobody must take for today's.
    """
    meta = RunMeta(experiment, simulated, started_at, parameters={"namespace": namespace})
    meta.target = {"statefulset": statefulset}
    return History(meta)


def identity(history: History) -> dict[str, str]:
    """What was measured.

    A namespace that the run made has another name each time: as an attribute it would begin new series every night.
    """
    meta = history.meta
    return {
        d.EXPERIMENT: meta.experiment,
        d.SIMULATED: str(meta.simulated).lower(),
        d.NAMESPACE: str(meta.parameters.get("namespace") or ""),
        d.STATEFULSET: str(meta.target.get("statefulset") or ""),
    }


def _identified(history: History, points: Iterable[Point]) -> list[Point]:
    known = identity(history)
    return [Point(p.metric, known | p.attributes, p.value) for p in points]


def _run(history: History, exit_code: int) -> Iterator[Point]:
    environment = history.meta.environment
    yield Point(
        d.RUN_INFO,
        {
            d.VERSION: str(environment.get("chaos_identity") or chaos.__version__),
            d.KUBERNETES: str(environment.get("kubernetes") or ""),
            d.CLUSTER: str(environment.get("cluster_fingerprint") or ""),
        },
        1,
    )
    began_s = history.meta.started_at.timestamp()
    yield Point(d.LAST_RUN, {}, began_s)
    if exit_code == 0:
        yield Point(d.LAST_SUCCESS, {}, began_s)
    yield Point(d.EXIT_CODE, {}, exit_code)
    for status in STATUSES:
        yield Point(d.STATUS, {d.OUTCOME: status}, int(history.status == status))
    if last_ns := _last_ns(history):
        yield Point(d.DURATION, {}, last_ns / NS_PER_S)


def _last_ns(history: History) -> int:
    received = [s.received_ns[-1] for s in history.samples.values() if len(s)]
    return max([*received, *(e.at_ns for e in history.events), *(at_ns for at_ns, _, _ in history.marks)], default=0)


def _verdicts(verdicts: Iterable[Verdict]) -> Iterator[Point]:
    for verdict in verdicts:
        for outcome in VerdictOutcome:
            state = {d.CHECKER: verdict.checker, d.OUTCOME: str(outcome)}
            yield Point(d.VERDICT, state, int(verdict.outcome is outcome))


def _faults(history: History) -> Iterator[Point]:
    counted = Counter((fault.fault, fault.outcome) for fault in list(history.faults))
    for name in sorted({name for name, _ in counted}):
        for outcome in _FAULT_OUTCOMES:
            yield Point(d.FAULTS, {d.FAULT: name, d.OUTCOME: outcome}, counted[name, outcome])


def _recoveries(reading: Reading) -> Iterator[Point]:
    groups: dict[tuple[str, str], list[Recovery]] = {}
    pods: dict[str, list[Recovery]] = {}
    for recovery in recoveries(reading):
        if recovery.kind in _RECORDS:
            view = SERVICE_VIEW if recovery.view == SERVICE_VIEW else "replica"
            groups.setdefault((_RECORDS[recovery.kind], view), []).append(recovery)
        if recovery.kind is RecordKind.POD_A:
            pods.setdefault(recovery.trial.target.name, []).append(recovery)
    for (record, view), group in sorted(groups.items()):
        named = {d.RECORD: record, d.VIEW: view}
        counted = Counter(r.outcome for r in group)
        for outcome in RecoveryOutcome:
            yield Point(d.RECOVERIES, {**named, d.OUTCOME: str(outcome)}, counted[outcome])
        yield from _statistics(d.RECOVERY, named, _lengths(group))
    for pod, group in sorted(pods.items()):
        yield from _bounds(d.POD_RECOVERY, {d.POD: pod}, "max", _lengths(group))


def _lengths(group: Iterable[Recovery]) -> list[Interval]:
    """Bounds of each recovery's time since its fault was accepted; without an upper one where it did not recover."""
    return [since(r.recovered, r.trial.accepted_ns) for r in group if r.recovered is not None]


def _clients(reading: Reading) -> Iterator[Point]:
    effective = {t.key for t in trials(reading) if not no_effect(t)}
    views = [v for v in client_views(reading) if v.trial.key in effective]
    for probe in _CLIENTS:
        mine = [v for v in views if v.probe == probe]
        if not mine:
            continue
        outages = [v.outage_ns for v in mine]
        known = [o for o in outages if o is not None]
        lasting = sum(o.before_ns is None for o in known)
        counts = {"ended": len(known) - lasting, "lasting": lasting, "none": len(mine) - len(known)}
        for outcome, n in counts.items():
            yield Point(d.OUTAGES, {d.PROBE: probe, d.OUTCOME: outcome}, n)
        yield from _statistics(d.OUTAGE, {d.PROBE: probe}, known)
        failures = sum(v.failures for v in mine)
        yield Point(d.EXCHANGES, {d.PROBE: probe, d.OUTCOME: "ok"}, sum(v.samples for v in mine) - failures)
        yield Point(d.EXCHANGES, {d.PROBE: probe, d.OUTCOME: "failed"}, failures)


def _stages(reading: Reading) -> Iterator[Point]:
    divided = divisions(reading)
    for position, (key, _) in enumerate(PARTS):
        lengths = [length for one in divided if (length := one.parts[position].length) is not None]
        yield from _statistics(d.STAGES, {d.STAGE: key}, lengths)


def _cost(history: History) -> Iterator[Point]:
    for metric, key in ((d.DNS_QUERIES, "dns_queries"), (d.API_REQUESTS, "api_requests")):
        value = history.meta.measurement.get(key)
        if isinstance(value, int | float):
            yield Point(metric, {}, value)
    used = history.meta.environment.get("vantages")
    if used:
        lost = {str(details.get("vantage")) for _, what, details in history.marks if what == "vantage-lost"}
        lost &= {str(vantage.get("name")) for vantage in used}
        yield Point(d.VANTAGES, {d.OUTCOME: "kept"}, len(used) - len(lost))
        yield Point(d.VANTAGES, {d.OUTCOME: "lost"}, len(lost))


def _statistics(metric: d.Metric, attributes: dict[str, str], lengths: list[Interval]) -> Iterator[Point]:
    for name in _STATISTICS:
        yield from _bounds(metric, {**attributes, d.STATISTIC: name}, name, lengths)


def _bounds(metric: d.Metric, attributes: dict[str, str], statistic: str, lengths: list[Interval]) -> Iterator[Point]:
    """Both bounds of a statistic of intervals, in seconds; none where a censored one decides it.

    Median and maximum grow with each of their values, so the statistic of the lower bounds is a lower bound of the
    statistic, and that of the upper bounds an upper one; a censored value's upper bound is infinity.
    """
    if not lengths:
        return
    of = _STATISTICS[statistic]
    upper_ns = of([math.inf if i.before_ns is None else float(i.before_ns) for i in lengths])
    if math.isinf(upper_ns):
        return
    lower_ns = of([float(i.after_ns) for i in lengths])
    yield Point(metric, {**attributes, d.BOUND: "lower"}, lower_ns / NS_PER_S)
    yield Point(metric, {**attributes, d.BOUND: "upper"}, upper_ns / NS_PER_S)
