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
    """A copy of a history. Seconds are those since the first trial's fault was accepted."""

    def __init__(self, history: History) -> None:
        self.history = copy.deepcopy(history)
        self.zero_ns = next((trial.accepted_ns for trial in trials(Reading(self.history))), 0)

    def series(self, record: str = "", view: str = "", *, probe: str = "") -> SeriesEdit:
        """All series with that record, view and probe; what is left out may be any."""
        wanted = [
            s
            for s in self.history.series
            if record in ("", s.record) and view in ("", s.view) and probe in ("", s.probe)
        ]
        assert wanted, f"the history has no series {probe} {record} {view}"
        return SeriesEdit(self, wanted)

    def of_id(self, series_id: int) -> SeriesEdit:
        """The series that a method wrote down by its id."""
        return SeriesEdit(self, [s for s in self.history.series if s.id == series_id])

    def notes(self, kind: type[Note], **where: Any) -> NotesEdit:
        """What the method wrote down of that kind with these values."""
        found = [details for _, what, details in self.history.marks if what == kind.kind]
        wanted = [one for one in found if all(one[key] == value for key, value in where.items())]
        assert wanted, f"the history has no {kind.kind} with {where}"
        return NotesEdit(self, wanted)

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
class NotesEdit:
    """Some notes of an edited history; each method returns the history."""

    of: Edited
    found: list[dict[str, Any]]

    def say(self, **values: Any) -> Edited:
        """They had these values instead."""
        for details in self.found:
            assert details.keys() >= values.keys(), f"the note has no {values.keys() - details.keys()}"
            details.update(values)
        return self.of

    def drop(self) -> Edited:
        """They were not written down."""
        marks = self.of.history.marks
        marks[:] = [mark for mark in marks if not any(mark[2] is details for details in self.found)]
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

    def _within(self, after_s: float, before_s: float) -> Iterator[tuple[Samples, int]]:
        for series in self.series:
            samples = self.of.history.samples[series.id]
            for position, sent_ns in enumerate(samples.sent_ns):
                if after_s <= (sent_ns - self.of.zero_ns) / NS_PER_S < before_s:
                    yield samples, position
