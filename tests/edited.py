"""Histories changed by what the change means: what a series says from an instant on, and nothing about columns."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from chaos.analysis.notes import Note
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.model import History, Outcome, Samples, Series

NS_PER_S = 1_000_000_000


class Edited:
    """A copy of a history. Seconds are those since the first trial's fault, or the first change, was accepted."""

    def __init__(self, history: History) -> None:
        self.history = copy.deepcopy(history)
        changes = [details["accepted_ns"] for _, what, details in self.history.marks if what == "change"]
        self.zero_ns = min([t.accepted_ns for t in trials(Reading(self.history))] or changes or [0])

    def since(self, at_ns: int) -> float:
        """Seconds of an instant of the run's clock."""
        return (at_ns - self.zero_ns) / NS_PER_S

    def notes(self, kind: type[Note], **where: Any) -> NotesEdit:
        """The notes of a kind with these values."""
        marks = [(at_ns, what, details) for at_ns, what, details in self.history.marks if what == kind.kind]
        wanted = [mark for mark in marks if all(mark[2].get(key) == value for key, value in where.items())]
        assert wanted, f"the history has no note {kind.kind} {where}"
        return NotesEdit(self, wanted)

    def silent(self, *, after: float = 0.0) -> Edited:
        """Nothing that was asked from then on was answered."""
        for series in self.history.series:
            phase = "answer" if series.probe in ("dns", "cached", "lookup") else "connect"
            SeriesEdit(self, [series]).say(Outcome("TIMEOUT", phase), after=after)
        return self

    def series(self, record: str = "", view: str = "", *, probe: str = "") -> SeriesEdit:
        """All series with that record, view and probe; what is left out may be any."""
        wanted = [
            s
            for s in self.history.series
            if record in ("", s.record) and view in ("", s.view) and probe in ("", s.probe)
        ]
        assert wanted, f"the history has no series {probe} {record} {view}"
        return SeriesEdit(self, wanted)

    def without_views(self, *views: str) -> Edited:
        """As if these DNS servers had not been asked."""
        self.history.series[:] = [s for s in self.history.series if s.probe != "dns" or s.view not in views]
        return self

    def lasts_until(self, at_s: float) -> Edited:
        """The last trial goes on for longer: every series goes on with what it said last."""
        last = self.history.faults[-1]
        assert last.ended_ns is not None
        until_ns = self.zero_ns + round(at_s * NS_PER_S)
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

    def say_sometimes(self, outcome: Outcome, picks: Callable[[int], bool], *, after: float, before: float) -> Edited:
        """Of the questions sent in that time those were answered so whose count `picks` takes."""
        number = self.of.outcome(outcome)
        for count, (samples, position) in enumerate(self._within(after, before)):
            if picks(count):
                samples.outcome[position] = number
        return self.of

    def take(self, seconds: float, *, longer_than: float) -> Edited:
        """Every exchange that took longer than that took so long."""
        for samples, position in self._within(-1e9, 1e9):
            if samples.received_ns[position] - samples.sent_ns[position] > longer_than * NS_PER_S:
                samples.received_ns[position] = samples.sent_ns[position] + round(seconds * NS_PER_S)
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

    def outcomes(self) -> list[Outcome]:
        """What they found, series by series."""
        samples = (self.of.history.samples[series.id] for series in self.series)
        return [self.of.history.outcomes[position] for one in samples for position in one.outcome]

    def _within(self, after_s: float, before_s: float) -> Iterator[tuple[Samples, int]]:
        for series in self.series:
            samples = self.of.history.samples[series.id]
            for position, sent_ns in enumerate(samples.sent_ns):
                if after_s <= (sent_ns - self.of.zero_ns) / NS_PER_S < before_s:
                    yield samples, position


@dataclass(frozen=True)
class NotesEdit:
    """Some notes of an edited history; each method but `read` returns the history."""

    of: Edited
    marks: list[tuple[int, str, dict[str, Any]]]

    def read(self, key: str) -> Any:
        """A value of the first of them."""
        return self.marks[0][2][key]

    def say(self, **values: Any) -> Edited:
        """They have these values."""
        for _, _, details in self.marks:
            assert values.keys() <= details.keys()
            details.update(values)
        return self.of

    def never_written(self) -> Edited:
        """As if the method had not come so far."""
        self.of.history.marks[:] = [mark for mark in self.of.history.marks if mark not in self.marks]
        return self.of
