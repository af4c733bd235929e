"""What clients saw: by the pod's name, through a ClusterIP, at an address, and on one long-lived connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from chaos.analysis.bounds import length
from chaos.analysis.claims import UnmeasuredError
from chaos.analysis.coverage import tolerated_gap_ns
from chaos.analysis.reading import Reading, Sample, once
from chaos.analysis.trials import Trial, counted_in, trials
from chaos.analysis.vantages import primary_series
from chaos.model import FaultWindow, Interval, Series
from chaos.model.outcome import OK

# Connections to one pod; "address" is limited to the address that the pod had before the fault.
PROBES = ("tcp", "http", "clusterip", "stream", "address")


_PROTOCOLS = {"mysql": "MySQL", "redis": "Redis"}


def protocol(reading: Reading) -> str:
    """What the clients that ask who answers speak, for people."""
    return _PROTOCOLS.get(str(reading.meta.parameters.get("identify", "")), "HTTP")


@dataclass(frozen=True, slots=True)
class ClientView:
    """One client's experience of one pod in one trial.

    To a client a timeout is a failure like any other, so here, unlike for DNS records, it counts as one.

    Attributes:
        counts: (status, phase, samples), most frequent first.
        failed: when the longest stretch of failures began; None where none failed, or where it had never worked
            before: then nothing follows about the fault (`deaf`).
        stretches: of failures, in all.
        without_ns: how long they were together, as bounds; without an end where one was not seen to end.
        first: whether the longest was the first.
        first_failed: when it failed first of all after it had worked; None where it was not seen to, or had not worked.
        first_failure: status and phase of its first failure.
        restored: when exchanges succeeded again after it; right-censored where they did not.
    """

    trial: Trial
    probe: str
    record: str
    view: str
    counts: tuple[tuple[str, str, int], ...]
    samples: int
    stretches: int
    without_ns: Interval
    first: bool
    failed: Interval | None
    first_failed: Interval | None
    first_failure: tuple[str, str] | None
    restored: Interval | None

    @property
    def failures(self) -> int:
        return sum(n for status, _, n in self.counts if status != OK)

    @property
    def by_own_name(self) -> bool:
        """Whether it asked by HTTP, or as its like, for the pod's own name, such as ``web-0.web:80``."""
        return self.probe == "http" and self.record.startswith(f"{self.trial.target.name}.")

    @property
    def deaf(self) -> bool:
        """Whether it failed, and had failed from the beginning: then it does not tell what the fault did."""
        return self.failures > 0 and self.failed is None

    @property
    def early(self) -> bool:
        """Whether the longest stretch was seen to fail before the fault came."""
        return self.failed is not None and (self.failed.before_ns or 0) < self.trial.sent_ns

    @property
    def outage_ns(self) -> Interval | None:
        """Bounds of the outage's *length*: `after_ns` the least, `before_ns` the most (None: it had not ended)."""
        if self.failed is None or self.failed.before_ns is None or self.restored is None:
            return None
        return length(self.failed, self.restored)


def each(views: Sequence[ClientView]) -> str:
    """What such views are counted in: trials or replacements, where each is of another one."""
    return counted_in([v.trial for v in views], "client")


@once
def client_views(reading: Reading) -> list[ClientView]:
    """Every client's view at the trial's primary vantage, by trial, pod, probe and record."""
    found = [
        _client_view(reading, trial, series)
        for trial in trials(reading)
        for series in primary_series(reading, trial)
        if _concerns(series, trial)
    ]
    return sorted(
        (v for v in found if v.samples),
        key=lambda v: (v.trial.number, v.trial.target.name, PROBES.index(v.probe), v.record, v.view),
    )


def lost_by_name(reading: Reading, fault: FaultWindow | None = None) -> list[tuple[str, Interval]]:
    """Which targets of a fault HTTP clients could not reach by name, and for how long at the longest.

    Args:
        reading: of the run.
        fault: one of its faults; None: all of them.

    Returns:
        Pod and bounds of the length, by trial and pod.

    Raises:
        UnmeasuredError: one of them heard nothing for so long that it cannot be told.
    """
    found = []
    for view in client_views(reading):
        lasted = view.outage_ns
        if view.probe != "http" or fault not in (None, view.trial.fault) or lasted is None:
            continue
        pod = view.trial.target.name
        if view.first_failed is not None:
            found.append((pod, lasted))
        elif lasted.after_ns > tolerated_gap_ns(reading, 0):
            raise UnmeasuredError(f"whether {pod} could be reached by its name was not heard")
    return found


def _concerns(series: Series, trial: Trial) -> bool:
    if series.probe not in PROBES or series.pod != trial.target.name:
        return False
    return series.probe != "address" or series.name == trial.target.address


def _client_view(reading: Reading, trial: Trial, series: Series) -> ClientView:
    samples = sorted(reading.samples(series, trial.baseline_ns, trial.end_ns))
    counts: Counter[tuple[str, str]] = Counter()
    for sample in samples:
        if sample.received_ns >= trial.sent_ns:
            outcome = sample.outcome
            counts[outcome.status, "" if outcome.status == OK else outcome.phase] += 1
    outages = list(_outages(trial, samples))
    outage = max(outages, key=lambda one: one.may_be_ns, default=None)
    first = None if outage is None else outage.first.outcome
    return ClientView(
        trial=trial,
        probe=series.probe,
        record=series.record,
        view=series.view,
        counts=tuple((status, phase, n) for (status, phase), n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))),
        samples=sum(counts.values()),
        stretches=len(outages),
        without_ns=_together(outages),
        first=outage is None or outage is outages[0],
        failed=None if outage is None else outage.failed,
        first_failed=_first_failed(trial, samples),
        first_failure=None if first is None else (first.status, first.phase),
        restored=None if outage is None else outage.restored,
    )


def _together(outages: list[_Outage]) -> Interval:
    lengths = [length(one.failed, one.restored) for one in outages]
    ends = [one.before_ns for one in lengths if one.before_ns is not None]
    return Interval(sum(one.after_ns for one in lengths), sum(ends) if len(ends) == len(lengths) else None)


def _first_failed(trial: Trial, samples: list[Sample]) -> Interval | None:
    """Without what says nothing: a lost packet is not the moment at which something ended."""
    good_ns: int | None = None
    for sample in samples:
        outcome = sample.outcome
        if outcome.status == OK:
            good_ns = sample.sent_ns
        elif good_ns is not None and sample.received_ns >= trial.sent_ns and outcome.says_something:
            return Interval(min(good_ns, sample.received_ns), sample.received_ns)
    return None


class _Outage(NamedTuple):
    failed: Interval
    restored: Interval
    first: Sample
    may_be_ns: int


def _outages(trial: Trial, samples: list[Sample]) -> Iterator[_Outage]:
    """The stretches of failures between two successes, in the order in which the exchanges began.

    The longest is the one that may have been: none of the others can have lasted for longer.
    """
    last_good_ns: int | None = None
    open_: _Outage | None = None  # its end was not seen yet
    for good, group in groupby(samples, key=lambda s: s.outcome.status == OK):
        stretch = list(group)
        if good:
            last_good_ns = stretch[-1].sent_ns
            back_ns = stretch[0].received_ns
            # One lost packet's late end is no failure of this trial, where another try succeeded before its fault.
            if open_ is not None and back_ns >= trial.sent_ns:
                restored = Interval(open_.restored.after_ns, back_ns)
                yield open_._replace(restored=restored, may_be_ns=back_ns - open_.failed.after_ns)
            open_ = None
            continue
        # By receipt: the end of an idle connection is a sample that began before the fault. One that had failed already
        # when the fault came, and goes on failing, is an outage of the trial too; it begins with that failure.
        if stretch[-1].received_ns < trial.sent_ns:
            continue
        if last_good_ns is None and stretch[0].received_ns < trial.sent_ns:
            continue  # it failed all the time before: that is not this fault's doing
        first_ns = min(s.received_ns for s in stretch)
        began = Interval(min(trial.sent_ns if last_good_ns is None else last_good_ns, first_ns), first_ns)
        last_ns = max(s.received_ns for s in stretch)
        open_ = _Outage(began, Interval(stretch[-1].sent_ns, None), stretch[0], last_ns - began.after_ns)
    if open_ is not None:
        yield open_
