"""Histories changed by what the change means: what a series says from an instant on, and nothing about columns."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from chaos.analysis.notes import Note
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.model import ClusterEvent, History, Outcome, Samples, Series, WatchGap
from tests.histories import copied

NS_PER_S = 1_000_000_000


class Edited:
    """A copy of a history. Seconds count from the acceptance of the first trial's fault, fault or change."""

    def __init__(self, history: History) -> None:
        self.history = copied(history)
        of_trials = [trial.accepted_ns for trial in trials(Reading(self.history))]
        changes = [details["accepted_ns"] for _, what, details in self.history.marks if what == "change"]
        self.zero_ns: int = [*of_trials, *(f.accepted_ns or 0 for f in self.history.faults), *sorted(changes), 0][0]

    def silent(self, *, after: float = 0.0) -> Edited:
        """Nothing that was asked from then on was answered."""
        for series in self.history.series:
            phase = "answer" if series.probe in ("dns", "cached", "lookup") else "connect"
            SeriesEdit(self, [series]).say(Outcome("TIMEOUT", phase), after=after)
        return self

    def also_from(self, vantage: str) -> Edited:
        """Another vantage asked the same DNS questions and heard the same."""
        for series in [s for s in self.history.series if s.probe == "dns"]:
            copied = replace(series, id=len(self.history.series), vantage=vantage)
            self.history.series.append(copied)
            self.history.samples[copied.id] = copy.deepcopy(self.history.samples[series.id])
        return self

    def series(self, record: str = "", view: str = "", *, probe: str = "", vantage: str = "") -> SeriesEdit:
        """All series with that record, view, probe and vantage; what is left out may be any."""
        wanted = [
            s
            for s in self.history.series
            if record in ("", s.record)
            and view in ("", s.view)
            and probe in ("", s.probe)
            and vantage in ("", s.vantage)
        ]
        assert wanted, f"the history has no series {probe} {record} {view}"
        return SeriesEdit(self, wanted)

    def of_id(self, series_id: int) -> SeriesEdit:
        """The series that a method wrote down by its id."""
        return SeriesEdit(self, [s for s in self.history.series if s.id == series_id])

    def notes(self, kind: str | type[Note], **where: Any) -> NotesEdit:
        """All notes of a kind with these values."""
        kind = kind if isinstance(kind, str) else kind.kind
        wanted = [
            position
            for position, (_, what, details) in enumerate(self.history.marks)
            if what == kind and all(details.get(key) == value for key, value in where.items())
        ]
        assert wanted, f"the history has no note {kind} {where}"
        return NotesEdit(self, wanted)

    def without_events(self, picks: Callable[[ClusterEvent], bool]) -> Edited:
        """As if the watch had not told of these."""
        self.history.events[:] = [event for event in self.history.events if not picks(event)]
        return self

    def event_again(self, kind: str, at_ns: int) -> Edited:
        """The watch tells once more of an object of that kind, at an instant of the run's clock."""
        last = next(event for event in reversed(self.history.events) if event.kind == kind)
        self.history.events.append(replace(last, type="MODIFIED", at_ns=at_ns, initial=False))
        self.history.events.sort(key=lambda event: event.at_ns)
        return self

    def unready(self, pod: str, after: float, before: float, *, terminating: bool = False) -> Edited:
        """The watch shows a pod, as it is then, not Ready from the one instant to the other, or marked for deletion."""
        events = self.history.events
        now = [e for e in events if e.kind == "Pod" and e.name == pod and e.at_ns <= self.ns(after)][-1]
        off = copy.deepcopy(now.object)
        if terminating:
            off["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        next(c for c in off["status"]["conditions"] if c["type"] == "Ready")["status"] = str(terminating)
        for at_s, shown in ((after, off), (before, now.object)):
            events.append(replace(now, type="MODIFIED", at_ns=self.ns(at_s), object=shown, initial=False))
        events.sort(key=lambda event: event.at_ns)
        return self

    def blind(self, after: float, before: float) -> Edited:
        """The watch of pods has a gap then."""
        gap = WatchGap("Pod", self.ns(after), self.ns(before), "the connection broke")
        self.history.gaps.append(gap)
        return self

    def ns(self, at_s: float) -> int:
        """On the run's clock."""
        return self.zero_ns + round(at_s * NS_PER_S)

    def seconds(self, at_ns: int) -> float:
        """From the run's clock."""
        return (at_ns - self.zero_ns) / NS_PER_S

    def only(self, record: str, view: str) -> Edited:
        """As if nothing else had been asked of DNS."""
        self.history.series[:] = [
            s for s in self.history.series if s.probe != "dns" or (s.record, s.view) == (record, view)
        ]
        return self

    def without_views(self, *views: str) -> Edited:
        """As if these DNS servers had not been asked."""
        self.history.series[:] = [s for s in self.history.series if s.probe != "dns" or s.view not in views]
        return self

    def lasts_until(self, at_s: float) -> Edited:
        """The last trial goes on for longer: every series goes on with what it said last."""
        last = self.history.faults[-1]
        assert last.ended_ns is not None
        until_ns = self.ns(at_s)
        for series in self.history.series:
            samples = self.history.samples[series.id]
            if not len(samples):
                continue
            period_ns = round(series.period_s * NS_PER_S)
            took_ns = samples.received_ns[-1] - samples.sent_ns[-1]
            sent_ns = samples.sent_ns[-1] + period_ns
            while sent_ns < until_ns:
                samples.append(sent_ns, sent_ns, sent_ns + took_ns, samples.outcome[-1])
                sent_ns += period_ns
        self.history.faults[-1] = replace(last, ended_ns=until_ns)
        return self

    def outcome(self, outcome: Outcome) -> int:
        """Its number in the history."""
        if outcome not in self.history.outcomes:
            self.history.outcomes.append(outcome)
        return self.history.outcomes.index(outcome)


@dataclass(frozen=True)
class NotesEdit:
    """Some notes of an edited history; each method that changes them returns the history."""

    of: Edited
    positions: list[int]

    def read(self, key: str) -> Any:
        """A value of the first of them."""
        return self.of.history.marks[self.positions[0]][2][key]

    def values(self, key: str) -> list[Any]:
        """That value of each."""
        return [self.of.history.marks[position][2][key] for position in self.positions]

    def say(self, **values: Any) -> Edited:
        """They have other values."""
        for position in self.positions:
            details = self.of.history.marks[position][2]
            assert values.keys() <= details.keys(), f"the note has no {values.keys() - details.keys()}"
            details.update(values)
        return self.of

    def put(self, field: str, **values: Any) -> Edited:
        """They have other values in a field that is a mapping."""
        for position in self.positions:
            details = self.of.history.marks[position][2]
            details[field] = details[field] | values
        return self.of

    def move(self, at_ns: int) -> Edited:
        """They were written down at another instant of the run's clock."""
        for position in self.positions:
            self.of.history.marks[position] = (at_ns, *self.of.history.marks[position][1:])
        return self.of

    def drop(self) -> Edited:
        """They were not written down."""
        kept = [mark for position, mark in enumerate(self.of.history.marks) if position not in self.positions]
        self.of.history.marks[:] = kept
        return self.of


@dataclass(frozen=True)
class SeriesEdit:
    """Some series of an edited history; each method returns the history."""

    of: Edited
    series: list[Series]

    def say(self, outcome: Outcome, *, after: float = -1e9, before: float = 1e9) -> Edited:
        """Every question sent in that time was answered so."""
        number = self.of.outcome(outcome)
        for samples, position in self._within(after, before):
            samples.outcome[position] = number
        return self.of

    def say_once(self, outcome: Outcome, position: int) -> Edited:
        """The question of that number, counted from 0, was answered so; from the end where it is negative."""
        number = self.of.outcome(outcome)
        for series in self.series:
            self.of.history.samples[series.id].outcome[position] = number
        return self.of

    def say_sometimes(self, outcome: Outcome, picks: Callable[[int], bool], *, after: float, before: float) -> Edited:
        """Of the questions sent in that time those were answered so whose count `picks` takes."""
        number = self.of.outcome(outcome)
        for count, (samples, position) in enumerate(self._within(after, before)):
            if picks(count):
                samples.outcome[position] = number
        return self.of

    def forget(self) -> Edited:
        """They have no samples."""
        self.of.history.samples.update({series.id: Samples() for series in self.series})
        return self.of

    def told(self, status: str) -> Outcome:
        """An outcome of that status that they had."""
        positions = {position for series in self.series for position in self.of.history.samples[series.id].outcome}
        return next(
            self.of.history.outcomes[p] for p in sorted(positions) if self.of.history.outcomes[p].status == status
        )

    def take(self, seconds: float, *, longer_than: float) -> Edited:
        """Every exchange that took longer than that took so long."""
        for samples, position in self._within(-1e9, 1e9):
            if samples.received_ns[position] - samples.sent_ns[position] > longer_than * NS_PER_S:
                samples.received_ns[position] = samples.sent_ns[position] + round(seconds * NS_PER_S)
        return self.of

    def turn(self, outcome: Outcome, *, sent: float, received: float) -> Edited:
        """They turned to that answer: the last question before was sent at the one instant, it came at the other."""
        number = self.of.outcome(outcome)
        for series in self.series:
            samples = self.of.history.samples[series.id]
            first = next(at for at, sent_ns in enumerate(samples.sent_ns) if sent_ns > self.of.ns(sent))
            samples.sent_ns[first - 1] = samples.received_ns[first - 1] = self.of.ns(sent)
            samples.received_ns[first] = self.of.ns(received)
            samples.sent_ns[first] = min(samples.sent_ns[first], samples.received_ns[first])
            assert list(samples.received_ns) == sorted(samples.received_ns), "another answer came in between"
            for position in range(first, len(samples)):
                samples.outcome[position] = number
        return self.of

    def took(self, seconds: Iterable[float], *, after: float) -> Edited:
        """The first exchanges that were sent from then on took so long, each its own time."""
        for (samples, position), took_s in zip(self._within(after, 1e9), seconds, strict=False):
            samples.received_ns[position] = samples.sent_ns[position] + round(took_s * NS_PER_S)
        return self.of

    def replace(self, wanted: Callable[[Outcome], bool], outcome: Outcome) -> Edited:
        """Answers like these were another one."""
        number = self.of.outcome(outcome)
        for samples, position in self._within(-1e9, 1e9):
            if wanted(self.of.history.outcomes[samples.outcome[position]]):
                samples.outcome[position] = number
        return self.of

    def never_asked(self) -> Edited:
        """As if nothing had come of it."""
        for series in self.series:
            self.of.history.samples[series.id] = Samples()
        return self.of

    def begin(self, outcome: Outcome, earlier_s: float) -> Edited:
        """One more question was asked that long before the first one, and answered so at once."""
        number = self.of.outcome(outcome)
        for series in self.series:
            samples = self.of.history.samples[series.id]
            at_ns = samples.sent_ns[0] - round(earlier_s * NS_PER_S)
            samples.scheduled_ns.insert(0, at_ns)
            samples.sent_ns.insert(0, at_ns)
            samples.received_ns.insert(0, at_ns)
            samples.outcome.insert(0, number)
        return self.of

    def end(self, at_s: float) -> Edited:
        """Nothing was asked from then on."""
        for series in self.series:
            samples = self.of.history.samples[series.id]
            kept = Samples()
            for row in samples.rows():
                if row[1] < self.of.ns(at_s):
                    kept.append(*row)
            self.of.history.samples[series.id] = kept
        return self.of

    def outcomes(self) -> list[Outcome]:
        """What they found, series by series."""
        samples = (self.of.history.samples[series.id] for series in self.series)
        return [self.of.history.outcomes[position] for one in samples for position in one.outcome]

    def sent_ns(self, status: str) -> list[int]:
        """When the questions were sent that found that, on the run's clock."""
        samples = [self.of.history.samples[series.id] for series in self.series]
        found = ((one.sent_ns[at], one.outcome[at]) for one in samples for at in range(len(one)))
        return [sent_ns for sent_ns, outcome in found if self.of.history.outcomes[outcome].status == status]

    def _within(self, after_s: float, before_s: float) -> Iterator[tuple[Samples, int]]:
        for series in self.series:
            samples = self.of.history.samples[series.id]
            for position, sent_ns in enumerate(samples.sent_ns):
                if after_s <= (sent_ns - self.of.zero_ns) / NS_PER_S < before_s:
                    yield samples, position
