"""The lanes of one trial: what was done, the pods, DNS answers, clients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from chaos.analysis.connections import protocol
from chaos.analysis.reading import Reading, Sample
from chaos.analysis.records import Record, RecordKind, State, domain, records_of, state_table
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import Trial
from chaos.analysis.vantages import primary, primary_series
from chaos.model import Interval, Series
from chaos.model.outcome import OK, TIMEOUT
from chaos.report.timeline.actions import action_lanes, actions
from chaos.report.timeline.stretches import (
    ABSENT,
    RIGHT,
    STALE,
    UNKNOWN,
    Lane,
    Zero,
    merge,
    pod_stretches,
    short_view,
)


def since_t0(trial: Trial) -> Zero:
    """A trial's pictures count from its pod's own cause."""
    return Zero(trial.cause_ns, "t0")


def lanes(reading: Reading, trial: Trial, from_s: float, to_s: float) -> list[Lane]:
    """All lanes of one trial, from top to bottom."""
    return [
        *action_lanes(actions(reading), since_t0(trial), from_s, to_s),
        *_pods(reading, trial, from_s, to_s),
        *_dns(reading, trial),
        *_connections(reading, trial),
    ]


def _pods(reading: Reading, trial: Trial, from_s: float, to_s: float) -> Iterable[Lane]:
    names = sorted({s.pod for s in reading.series if s.pod} | {trial.target.name})
    for name in names:
        stretches = tuple(pod_stretches(reading, name, trial.end_ns, since_t0(trial), from_s, to_s))
        yield Lane("pod", f"{name} (target)" if name == trial.target.name else name, stretches)


def _dns(reading: Reading, trial: Trial) -> Iterable[Lane]:
    measured = {(r.record, r.view, r.vantage): r for r in recoveries(reading) if r.trial.key == trial.key}
    vantage = primary(reading, trial)
    mine = [r for r in records_of(reading, trial) if r.vantage == vantage]
    ordered = sorted(mine, key=lambda r: r.kind is not RecordKind.POD_A)
    for record in ordered:
        if record.kind is not RecordKind.POD_A and (record.kind is RecordKind.PTR or record.view != "service"):
            continue
        rows = sorted(s for one in record.before for s in _samples(reading, trial, one))
        table = _dns_table(reading, trial, record)
        stretches = merge(reading, rows, since_t0(trial), partial(_dns_state, table, trial), record.before)
        marks = _marks(measured[record.label, record.view, record.vantage])
        yield Lane("dns", f"{record.label} @ {short_view(record.view)}", tuple(stretches), marks)


def _dns_table(reading: Reading, trial: Trial, record: Record) -> list[State]:
    return state_table(reading.outcomes, record, trial, domain(reading))


def _dns_state(table: list[State], trial: Trial, sample: Sample) -> str:
    state = table[sample.position]
    if state is State.ABSENT:
        return ABSENT
    if state is State.UNKNOWN:
        return UNKNOWN
    if state is State.OLD and sample.sent_ns >= trial.cause_ns:
        return STALE
    return RIGHT


def _marks(recovery: Recovery) -> tuple[tuple[float, float], ...]:
    found: list[Interval] = [i for i in (recovery.lost, recovery.recovered) if i is not None]
    seconds = recovery.trial.seconds
    return tuple((seconds(i.after_ns), seconds(i.before_ns)) for i in found if i.before_ns is not None)


_CONNECTIONS = (
    ("http", "{} by name"),
    ("clusterip", "{} by ClusterIP"),
    ("stream", "open connection"),
    ("address", "{} at "),
)


def _connections(reading: Reading, trial: Trial) -> Iterable[Lane]:
    for probe, label in _CONNECTIONS:
        for series in primary_series(reading, trial):
            if series.probe != probe or series.pod != trial.target.name:
                continue
            if probe == "address" and series.name not in (trial.target.address, trial.life.new_address):
                continue
            rows = sorted(_when_seen(sample) for sample in _samples(reading, trial, series))
            if not rows:
                continue
            stretches = merge(reading, rows, since_t0(trial), partial(_client_state, trial), (series,))
            yield Lane("client", _label(label.format(protocol(reading)), series, trial), tuple(stretches))


def _when_seen(sample: Sample) -> Sample:
    """An idle connection's end belongs to the moment of the end, not to when it began to be idle."""
    if sample.outcome.phase == "idle":
        return sample._replace(sent_ns=sample.received_ns)
    return sample


def _label(usual: str, series: Series, trial: Trial) -> str:
    """What it is, and what tells it from others of its kind."""
    if series.probe == "address":
        return f"{usual}{'old' if series.name == trial.target.address else 'new'} {series.name}"
    name = series.record.partition(":")[0]
    if name.partition(".")[0] == trial.target.name or series.probe == "clusterip":
        return usual
    return f"{usual.removesuffix(' by name')} to {name}"


def _client_state(trial: Trial, sample: Sample) -> str:
    outcome = sample.outcome
    if outcome.status == TIMEOUT:
        return UNKNOWN
    if outcome.status != OK:
        return ABSENT
    old = outcome.address == trial.target.address and outcome.address != trial.life.new_address
    return STALE if old and sample.sent_ns >= trial.cause_ns else RIGHT


def _samples(reading: Reading, trial: Trial, series: Series) -> Iterable[Sample]:
    return reading.samples(series, trial.baseline_ns, trial.end_ns)
