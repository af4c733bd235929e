"""The steps of one pod's replacement, each an interval.

What was sampled (DNS, connections) lies between two samples. What a watch showed came before its event; from below it
is bounded by what lists had shown by then (`chaos.engine.revisions`), by the fault's own request, and by the step that
must precede it: a pod is created after its predecessor is gone, scheduled after it was created, and so on. What a watch
showed in a gap (`chaos.analysis.gaps`) begins with that gap, and bounds no duration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate

from chaos.analysis.bounds import Exchange, change, length
from chaos.analysis.durations import last_of
from chaos.analysis.overlap import old_served
from chaos.analysis.reading import Reading, once
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
        key: stable, such as ``created``; ``dns-lost`` and ``dns-back`` occur once for each view. ``accepted`` is t0,
            whatever the cause.
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
class Timeline:
    """The replacement of one pod in one trial.

    Attributes:
        boundaries: in the order of the design, not of time.
        settled: when the last view gave the new address for good; None where that was not seen of each.
    """

    trial: Trial
    boundaries: tuple[Boundary, ...]
    settled: Interval | None

    def at(self, key: str) -> int | None:
        """The upper bound of a boundary; of several views', the last; None where one was not seen."""
        found = self.instant(key)
        return None if found is None else found.before_ns

    def instant(self, key: str) -> Interval | None:
        """When a boundary was; of several views', the last; None where one was not looked for."""
        found = [b.interval for b in self.boundaries if b.key == key]
        known = [interval for interval in found if interval is not None]
        return last_of(known) if known and len(known) == len(found) else None

    def late(self, key: str) -> bool:
        """Whether a boundary was seen late."""
        return any(b.late for b in self.boundaries if b.key == key)

    def since_cause(self, key: str) -> Interval | None:
        """The same, counted from the target's own t0: its upper bound from the earliest that this may have been."""
        found, origin = self.instant(key), self.trial.origin.interval
        return (
            None if found is None else Interval(found.after_ns - self.trial.cause_ns, length(origin, found).before_ns)
        )

    def between(self, earlier: str, later: str) -> Interval | None:
        """The time from a boundary to another; None where one of them was not seen, or late. It is never negative."""
        began, ended = self.instant(earlier), self.instant(later)
        if began is None or ended is None or self.late(earlier) or self.late(later):
            return None
        return length(began, ended)


@once
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
    boundaries = [*_ending(reading, trial, views), *_starting(trial), *_answering(reading, trial, views)]
    return Timeline(trial, tuple(_in_order(boundaries)), _settled(views))


def _settled(views: list[Recovery]) -> Interval | None:
    lasting = [v.lasting for v in views if v.lasting is not None and v.lasting.before_ns is not None]
    return last_of(lasting) if lasting and len(lasting) == len(views) else None


# Each of them is after the one before, whatever the watches and the probes saw first.
_ORDER = ("old-gone", "created", "scheduled", "addressed", "ready")


def _in_order(boundaries: list[Boundary]) -> Iterable[Boundary]:
    """Each step of a pod's own bounded by its neighbours too."""
    found = {b.key: b.interval for b in boundaries if b.key in _ORDER and b.interval is not None}
    least_ns = dict(zip(found, accumulate((i.after_ns for i in found.values()), max), strict=True))
    ends = [(key, i.before_ns) for key, i in reversed(found.items()) if i.before_ns is not None]
    most_ns = dict(zip((key for key, _ in ends), accumulate((end for _, end in ends), min), strict=True))
    for boundary in boundaries:
        if boundary.key not in most_ns:
            yield boundary
            continue
        before_ns = most_ns[boundary.key]
        yield replace(boundary, interval=Interval(min(least_ns[boundary.key], before_ns), before_ns))


def _ending(reading: Reading, trial: Trial, views: list[Recovery]) -> Iterable[Boundary]:
    yield Boundary("accepted", f"{trial.origin.label} (t0)", trial.origin.interval)
    yield _watched(trial, "endpoint-not-ready", "endpoint not ready", "endpoint_not_ready_ns")
    for view in views:
        yield Boundary("dns-lost", f"DNS view {view.view} drops the name", view.lost, view.view)
    yield Boundary("old-stopped", "old container stops serving", old_served(reading, trial))
    yield _watched(trial, "old-gone", "old pod object gone", "old_gone_ns")


def _starting(trial: Trial) -> Iterable[Boundary]:
    yield _watched(trial, "created", "new pod created", "created_ns")
    yield _watched(trial, "scheduled", "scheduled", "scheduled_ns")
    yield _watched(trial, "addressed", "address assigned", "addressed_ns")
    yield _watched(trial, "ready", "Ready", "ready_ns")
    yield _watched(trial, "endpoint-ready", "endpoint ready", "endpoint_ready_ns")


def _answering(reading: Reading, trial: Trial, views: list[Recovery]) -> Iterable[Boundary]:
    for view in views:
        yield Boundary("dns-back", f"DNS view {view.view} gives the new address", view.recovered, view.view)
    yield Boundary("tcp", "first TCP connect to the new address", _first_success(reading, trial, "tcp"))
    yield Boundary("http", "first right answer from the new pod", _first_success(reading, trial, "http"))
    yield Boundary("stable", "every view stable", _stable(views))


def _watched(trial: Trial, key: str, label: str, instant: str) -> Boundary:
    seen_ns: int | None = getattr(trial.life, instant)
    if seen_ns is None:
        return Boundary(key, label, None)
    after_ns = max(trial.sent_ns, trial.life.after_ns(instant))
    late = trial.life.gap_of(instant) is not None
    return Boundary(key, label, Interval(min(after_ns, seen_ns), seen_ns), late=late)


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
