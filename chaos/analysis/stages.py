"""How the time of one pod's replacement divides.

Boundaries that the watches showed are known only from above: an event arrives after the change that it reports, by an
unknown time. From below each is bounded by the boundary that must precede it (a pod is scheduled after it was created,
created after its predecessor was gone, …), and that chain ends at the fault's own request; so their intervals begin
there. Boundaries that were sampled (DNS, connections) have real intervals.

Durations therefore run from upper bound to upper bound: right up to the watch's delay and the probes' period. What a
watch showed in a gap (`chaos.analysis.gaps`) begins with that gap and bounds no duration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chaos.analysis.bounds import Exchange, change
from chaos.analysis.gaps import gap_at
from chaos.analysis.overlap import old_served
from chaos.analysis.reading import Reading
from chaos.analysis.records import RecordKind
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.trials import Trial, trials
from chaos.analysis.vantages import primary, primary_series
from chaos.model import Interval, Outcome
from chaos.model.outcome import OK, TIMEOUT


@dataclass(frozen=True, slots=True)
class Boundary:
    """One step of the time line.

    Attributes:
        key: stable, such as ``created``; ``dns-lost`` and ``dns-back`` occur once for each view.
        interval: None where it was not seen; right-censored where it was awaited and did not come.
        view: the DNS view, for DNS boundaries.
        late: whether a watch that was disturbed showed it: then it is no end and no beginning of a duration.
    """

    key: str
    label: str
    interval: Interval | None
    view: str = ""
    late: bool = False

    @property
    def before_ns(self) -> int | None:
        return self.interval.before_ns if self.interval else None


@dataclass(frozen=True, slots=True)
class Part:
    """One share of the total; `duration_ns` is None where its end was not seen."""

    key: str
    label: str
    duration_ns: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The replacement of one pod in one trial.

    Attributes:
        boundaries: in the order of the design, not of time.
        partition: the time from acceptance to the first right answer, cut without rest: the durations sum to it. A
            boundary that was seen only after its successor (watch and probes race) gets the share 0.
        propagation_out_ns: acceptance → the last view dropped the name.
        propagation_in_ns: Ready → the last view gave the new address; 0 where DNS was seen first.
    """

    trial: Trial
    boundaries: tuple[Boundary, ...]
    partition: tuple[Part, ...]
    propagation_out_ns: int | None
    propagation_in_ns: int | None

    def at(self, key: str) -> int | None:
        """The upper bound of a boundary; of several views', the last; None where one was not seen."""
        found = [b.before_ns for b in self.boundaries if b.key == key]
        known = [b for b in found if b is not None]
        return max(known) if known and len(known) == len(found) else None

    def late(self, key: str) -> bool:
        """Whether a boundary was seen late."""
        return any(b.late for b in self.boundaries if b.key == key)

    def part(self, key: str) -> int | None:
        return next(p.duration_ns for p in self.partition if p.key == key)


# (boundary that ends the part, what the part is)
PARTS = (
    ("old-gone", "termination: accepted → old pod object gone"),
    ("created", "controller: → new pod created"),
    ("scheduled", "scheduling: → assigned to a node"),
    ("addressed", "start: → address assigned"),
    ("ready", "start: → Ready"),
    ("dns-back", "DNS propagation: → every view gives the new address"),
    ("http", "client: → first right answer from the new pod"),
)


def timelines(reading: Reading) -> list[Timeline]:
    """One time line for each trial and pod, as its primary vantage saw it."""
    measured = recoveries(reading)
    found = []
    for trial in trials(reading):
        vantage = primary(reading, trial)
        mine = [r for r in measured if r.trial.key == trial.key and r.vantage == vantage]
        found.append(_timeline(reading, trial, mine))
    return found


def _timeline(reading: Reading, trial: Trial, measured: list[Recovery]) -> Timeline:
    views = [r for r in measured if r.kind is RecordKind.POD_A]
    boundaries = (*_ending(reading, trial, views), *_starting(trial), *_answering(reading, trial, views))
    seen = Timeline(trial, boundaries, (), None, None)
    lost_ns, back_ns, ready_ns = seen.at("dns-lost"), seen.at("dns-back"), seen.at("ready")
    return Timeline(
        trial=trial,
        boundaries=boundaries,
        partition=tuple(_partition(seen)),
        propagation_out_ns=None if lost_ns is None else lost_ns - trial.accepted_ns,
        propagation_in_ns=None
        if back_ns is None or ready_ns is None or seen.late("ready")
        else max(0, back_ns - ready_ns),
    )


def _ending(reading: Reading, trial: Trial, views: list[Recovery]) -> Iterable[Boundary]:
    yield Boundary("accepted", "delete accepted (t0)", Interval(trial.sent_ns, trial.accepted_ns))
    yield _watched(trial, "endpoint-not-ready", "endpoint not ready", trial.life.endpoint_not_ready_ns)
    for view in views:
        yield Boundary("dns-lost", f"DNS view {view.view} drops the name", view.lost, view.view)
    yield Boundary("old-stopped", "old container stops serving", old_served(reading, trial))
    yield _watched(trial, "old-gone", "old pod object gone", trial.life.old_gone_ns)


def _starting(trial: Trial) -> Iterable[Boundary]:
    life = trial.life
    yield _watched(trial, "created", "new pod created", life.created_ns)
    yield _watched(trial, "scheduled", "scheduled", life.scheduled_ns)
    yield _watched(trial, "addressed", "address assigned", life.addressed_ns)
    yield _watched(trial, "ready", "Ready", life.ready_ns)
    yield _watched(trial, "endpoint-ready", "endpoint ready", life.endpoint_ready_ns)


def _answering(reading: Reading, trial: Trial, views: list[Recovery]) -> Iterable[Boundary]:
    for view in views:
        yield Boundary("dns-back", f"DNS view {view.view} gives the new address", view.recovered, view.view)
    yield Boundary("tcp", "first TCP connect to the new address", _first_success(reading, trial, "tcp"))
    yield Boundary("http", "first right answer from the new pod", _first_success(reading, trial, "http"))
    yield Boundary("stable", "every view stable", _stable(views))


def _watched(trial: Trial, key: str, label: str, seen_ns: int | None) -> Boundary:
    if seen_ns is None:
        return Boundary(key, label, None)
    gap = gap_at(trial.life.gaps, "EndpointSlice" if key.startswith("endpoint") else "Pod", seen_ns)
    after_ns = trial.sent_ns if gap is None else max(trial.sent_ns, gap.from_ns)
    return Boundary(key, label, Interval(min(after_ns, seen_ns), seen_ns), late=gap is not None)


def _stable(views: list[Recovery]) -> Interval | None:
    before = [v.stable_before_ns for v in views]
    known = [b for b in before if b is not None]
    after = [v.recovered.after_ns for v in views if v.recovered is not None]
    if not known or len(known) < len(before) or not after:
        return None
    return Interval(min(max(after), max(known)), max(known))


def _first_success(reading: Reading, trial: Trial, probe: str) -> Interval | None:
    """The first exchange by name with the new pod; a failed one is contrary, a timeout says nothing."""
    contrary: list[Exchange] = []
    agreeing: list[Exchange] = []
    for series in primary_series(reading, trial):
        if series.probe != probe or series.pod != trial.target.name:
            continue
        for sample in reading.samples(series, trial.sent_ns, trial.end_ns):
            outcome = sample.outcome
            exchange = Exchange(sample.sent_ns, sample.received_ns)
            if _reaches_new(outcome, trial, probe):
                agreeing.append(exchange)
            elif outcome.status != TIMEOUT:
                contrary.append(exchange)
    if not contrary and not agreeing:
        return None
    return change(contrary, agreeing, floor_ns=trial.sent_ns)


def _reaches_new(outcome: Outcome, trial: Trial, probe: str) -> bool:
    new = trial.life.new_address
    if outcome.status != OK or not new or outcome.address != new or new == trial.target.address:
        return False
    return probe != "http" or outcome.values == (trial.target.name,)


def _partition(seen: Timeline) -> Iterable[Part]:
    reached_ns, late = seen.trial.accepted_ns, False
    for key, label in PARTS:
        at_ns = seen.at(key)
        if at_ns is None:
            yield Part(key, label, None)
            continue
        began_late, late = late, seen.late(key)
        yield Part(key, label, None if began_late or late else max(0, at_ns - reached_ns))
        reached_ns = max(reached_ns, at_ns)
