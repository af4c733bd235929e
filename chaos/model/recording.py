r"""A run's history on disk, written while it happens. `chaos.model.loading` reads it back.

`observations.jsonl` and `events.jsonl` hold one JSON object a line, each complete in itself; a file that was cut short
lacks at most its last line. Samples are written in blocks of columns: a line a second and series rather than one a
sample.

| line                                  | meaning                                                        |
|---------------------------------------|----------------------------------------------------------------|
| `{"series": {…}}`                     | a `Series`; comes before its samples                           |
| `{"outcome": {"id": 3, …}}`           | an `Outcome`; comes before the samples that found it           |
| `{"samples": {"series": 1, …}}`       | columns: `scheduled_ns` (the first instant, then differences), |
|                                       | `late_ns` (sent - scheduled), `took_ns` (received - sent),     |
|                                       | `outcome`                                                      |
| `{"event"\\|"gap"\\|"fault"\\|"mark": …}` | in events.jsonl                                                |
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from chaos.errors import InconclusiveError, UsageError
from chaos.model.blocks import to_block
from chaos.model.event import ClusterEvent, WatchGap
from chaos.model.fault import FaultWindow
from chaos.model.history import History, RunMeta
from chaos.model.outcome import Outcome
from chaos.model.private import open_file
from chaos.model.series import Samples, Series

RUN = "run.json"
OBSERVATIONS = "observations.jsonl"
EVENTS = "events.jsonl"


class Recorder:
    """Keeps a history in memory and on disk while a run goes on.

    `sample` is the hot path: it only appends to arrays. `flush` writes what came since the last one; the engine calls
    it once a second.

    Args:
        folder: the run's folder; it must exist.
        meta: what is known of the run.

    Raises:
        UsageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, meta: RunMeta) -> None:
        self.folder = folder
        self.history = History(meta)
        self.latest: list[int] = []  # by series: id of the newest outcome, -1 before the first
        self.streak: list[int] = []  # by series: how often in a row the newest outcome came
        self.known: list[int] = []  # by series: id of the newest outcome that says something, -1 before the first
        self.unknown_run: list[int] = []  # by series: samples since then
        self._says: list[bool] = []  # by outcome
        self._outcome_ids: dict[Outcome, int] = {}
        self._written: list[int] = []
        self._outcomes_written = 0
        try:
            self._observations: IO[str] = open_file(folder / OBSERVATIONS, "a")
            self._events: IO[str] = open_file(folder / EVENTS, "a")
        except OSError as exc:
            raise UsageError(
                f"the run's folder {folder} cannot be written: {exc.strerror}", hint="choose another with --reports DIR"
            ) from exc

    # ---- probes ----

    def open_series(self, **fields: Any) -> Series:
        """A new series; `fields` are those of `Series` but the id."""
        series = Series(id=len(self.history.series), **fields)
        self.history.series.append(series)
        self.history.samples[series.id] = Samples()
        self.latest.append(-1)
        self.streak.append(0)
        self.known.append(-1)
        self.unknown_run.append(0)
        self._written.append(0)
        self._write(self._observations, {"series": asdict(series)})
        return series

    def outcome_id(self, outcome: Outcome) -> int:
        """The number under which equal outcomes are stored once."""
        known = self._outcome_ids.get(outcome)
        if known is None:
            known = self._outcome_ids[outcome] = len(self.history.outcomes)
            self.history.outcomes.append(outcome)
            self._says.append(outcome.says_something)
        return known

    def sample(self, series_id: int, scheduled_ns: int, sent_ns: int, received_ns: int, outcome_id: int) -> None:
        """Record one sample."""
        samples = self.history.samples[series_id]
        samples.scheduled_ns.append(scheduled_ns)
        samples.sent_ns.append(sent_ns)
        samples.received_ns.append(received_ns)
        samples.outcome.append(outcome_id)
        if self.latest[series_id] == outcome_id:
            self.streak[series_id] += 1
        else:
            self.latest[series_id] = outcome_id
            self.streak[series_id] = 1
        if self._says[outcome_id]:
            self.known[series_id] = outcome_id
            self.unknown_run[series_id] = 0
        else:
            self.unknown_run[series_id] += 1

    # ---- engine ----

    def event(self, event: ClusterEvent) -> None:
        """Record a watch event."""
        self.history.events.append(event)
        # `asdict` would copy the whole object, for a millisecond in which no probe runs.
        self._write(self._events, {"event": {field.name: getattr(event, field.name) for field in fields(event)}})

    def gap(self, gap: WatchGap) -> None:
        """Record a time in which a watch was blind."""
        self.history.gaps.append(gap)
        self._write(self._events, {"gap": asdict(gap)})

    def revision(self, sent_ns: int, revision: int) -> None:
        """Record how far the cluster's state had come, and when that was asked."""
        self.history.revisions.append((sent_ns, revision))
        self._write(self._events, {"revision": [sent_ns, revision]})

    def fault(self, window: FaultWindow) -> None:
        """Record a fault; again with the same trial when more is known of it."""
        faults = self.history.faults
        faults[:] = [f for f in faults if f.trial != window.trial] + [window]
        self._write(self._events, {"fault": asdict(window)})

    def mark(self, at_ns: int, what: str, **details: Any) -> None:
        """Record a step of the run itself."""
        self.history.marks.append((at_ns, what, details))
        self._write(self._events, {"mark": [at_ns, what, details]})

    def flush(self) -> None:
        """Write what was sampled since the last flush.

        Raises:
            InconclusiveError: the disk is full or gone.
        """
        history = self.history
        for number in range(self._outcomes_written, len(history.outcomes)):
            self._write(self._observations, {"outcome": {"id": number, **asdict(history.outcomes[number])}})
        self._outcomes_written = len(history.outcomes)
        for series_id, start in enumerate(self._written):
            samples = history.samples[series_id]
            if len(samples) == start:
                continue
            self._written[series_id] = len(samples)
            self._write(self._observations, {"samples": to_block(series_id, samples, start)})
        try:
            self._observations.flush()
            self._events.flush()
        except OSError as exc:
            raise _disk(self.folder, exc) from exc

    def close(self) -> None:
        """Flush and close; the history stays usable in memory."""
        failure: OSError | None = None
        try:
            self.flush()
        finally:
            for file in (self._observations, self._events):
                try:
                    file.close()
                except OSError as exc:
                    failure = exc
            if failure is not None:
                raise _disk(self.folder, failure) from failure

    def _write(self, file: IO[str], line: dict[str, Any]) -> None:
        try:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
        except OSError as exc:
            raise _disk(self.folder, exc) from exc


def _disk(folder: Path, exc: OSError) -> InconclusiveError:
    return InconclusiveError(
        f"the history could not be written to {folder}: {exc.strerror}",
        hint="make room or choose another place with --reports DIR; what was written before can still be read "
        f"with: chaos report {folder}",
    )
