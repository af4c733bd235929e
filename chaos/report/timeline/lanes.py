"""What each lane of the picture shows: stretches of time in one state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from chaos.analysis.connections import protocol
from chaos.analysis.lifecycle import pod_state
from chaos.analysis.reading import Reading, Sample
from chaos.analysis.records import Record, RecordKind, State, domain, records_of, state_table
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import Trial
from chaos.analysis.vantages import primary, primary_series
from chaos.model import Interval, Series
from chaos.model.outcome import OK, TIMEOUT

RIGHT, STALE, ABSENT, UNKNOWN = "right", "stale", "absent", "unknown"
_POD_STATES = {
    "ready": "ready",
    "terminating": "terminating",
    "ended": "ended",
    "running": "starting",
    "pending": "starting",
}
# An unanswered stretch longer than this many periods is drawn as not probed.
_HOLE_PERIODS = 5
_VIEW_CHARS = 14


@dataclass(frozen=True, slots=True)
class Stretch:
    """One state from here to there; seconds since t0."""

    from_s: float
    to_s: float
    state: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row. `marks` are measured intervals (lost, recovered), drawn over it."""

    group: str
    label: str
    stretches: tuple[Stretch, ...]
    marks: tuple[tuple[float, float], ...] = ()


def lanes(reading: Reading, trial: Trial, from_s: float, to_s: float) -> list[Lane]:
    """All lanes of one trial, from top to bottom."""
    return [
        *_pods(reading, trial, from_s, to_s),
        *_dns(reading, trial),
        *_connections(reading, trial),
    ]


def _pods(reading: Reading, trial: Trial, from_s: float, to_s: float) -> Iterable[Lane]:
    names = sorted({s.pod for s in reading.series if s.pod} | {trial.target.name})
    for name in names:
        stretches = tuple(_pod_stretches(reading, trial, name, from_s, to_s))
        yield Lane("pod", f"{name} (deleted)" if name == trial.target.name else name, stretches)


def _pod_stretches(reading: Reading, trial: Trial, name: str, from_s: float, to_s: float) -> Iterable[Stretch]:
    reached_s, state = from_s, ""
    for event in reading.events:
        if event.kind != "Pod" or event.name != name or event.at_ns > trial.end_ns:
            continue
        found = "gone" if event.type == "DELETED" else _POD_STATES.get(pod_state(event.object), "starting")
        if found == state:
            continue
        at_s = trial.seconds(event.at_ns)
        if state and at_s > reached_s:
            yield Stretch(reached_s, at_s, state, state)
        reached_s, state = max(from_s, at_s), found
    if state:
        yield Stretch(reached_s, to_s, state, state)


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
        stretches = _merge(rows, trial, partial(_dns_state, table, trial), record.before)
        marks = _marks(measured[record.label, record.view, record.vantage])
        yield Lane("dns", f"{record.label} @ {_short(record.view)}", tuple(stretches), marks)


def _short(view: str) -> str:
    """A CoreDNS pod's name without its middle."""
    return view if len(view) <= _VIEW_CHARS else f"…{view[-6:]}"


def _dns_table(reading: Reading, trial: Trial, record: Record) -> list[State]:
    return state_table(reading.outcomes, record, trial, domain(reading))


def _dns_state(table: list[State], trial: Trial, sample: Sample) -> str:
    state = table[sample.position]
    if state is State.ABSENT:
        return ABSENT
    if state is State.UNKNOWN:
        return UNKNOWN
    if state is State.OLD and sample.sent_ns >= trial.accepted_ns:
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
            stretches = _merge(rows, trial, partial(_client_state, trial), (series,))
            yield Lane("client", label.format(protocol(reading)) + _which(series, trial), tuple(stretches))


def _when_seen(sample: Sample) -> Sample:
    """An idle connection's end belongs to the moment of the end, not to when it began to be idle."""
    if sample.outcome.phase == "idle":
        return sample._replace(sent_ns=sample.received_ns)
    return sample


def _which(series: Series, trial: Trial) -> str:
    """What tells it from others of its kind."""
    if series.probe == "address":
        return f"{'old' if series.name == trial.target.address else 'new'} {series.name}"
    name = series.record.partition(":")[0]
    own = name.partition(".")[0] == trial.target.name or series.probe == "clusterip"
    return "" if own else f" {name}"


def _client_state(trial: Trial, sample: Sample) -> str:
    outcome = sample.outcome
    if outcome.status == TIMEOUT:
        return UNKNOWN
    if outcome.status != OK:
        return ABSENT
    old = outcome.address == trial.target.address and outcome.address != trial.life.new_address
    return STALE if old and sample.sent_ns >= trial.accepted_ns else RIGHT


def _samples(reading: Reading, trial: Trial, series: Series) -> Iterable[Sample]:
    return reading.samples(series, trial.baseline_ns, trial.end_ns)


def _merge(
    rows: list[Sample], trial: Trial, state_of: Callable[[Sample], str], asked: tuple[Series, ...]
) -> Iterable[Stretch]:
    """Runs of equal samples; each lasts to the next sample, or where none follows soon, to its own answer."""
    if not rows:
        return
    hole_ns = max(_HOLE_PERIODS * round(s.period_s * 1e9) for s in asked)
    began_ns, state = rows[0].sent_ns, state_of(rows[0])
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        last = after is None or after.sent_ns - row.sent_ns > hole_ns
        following = "" if after is None else state_of(after)
        if not last and following == state:
            continue
        end_ns = row.received_ns if after is None or last else after.sent_ns
        yield Stretch(trial.seconds(began_ns), trial.seconds(max(end_ns, began_ns + 1)), state)
        if after is not None:
            began_ns, state = after.sent_ns, following
