"""Reads back what `chaos.model.recording` wrote, also where a crash cut it short."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.model.blocks import append_block
from chaos.model.event import ClusterEvent, WatchGap
from chaos.model.fault import FaultWindow
from chaos.model.history import History, RunMeta
from chaos.model.outcome import Outcome
from chaos.model.private import NOT_OURS, read_file
from chaos.model.recording import EVENTS, OBSERVATIONS
from chaos.model.series import Samples, Series


def load_history(folder: Path, meta: RunMeta, status: str) -> History:
    """Read back what a recorder wrote; a last line that was cut short is dropped.

    Raises:
        UsageError: the folder holds no history, or a line in the middle of it is broken.
    """
    history = History(meta, status)
    try:
        _load_observations(history, folder / OBSERVATIONS)
        _load_events(history, folder / EVENTS)
        _check_order(history)
    except NOT_OURS as exc:
        raise UsageError(f"the history in {folder} is not what this tool wrote: {type(exc).__name__}: {exc}") from exc
    return history


def _load_observations(history: History, path: Path) -> None:
    for line in _lines(path):
        if "series" in line:
            series = Series(**line["series"])
            history.series.append(series)
            history.samples[series.id] = Samples()
        elif "outcome" in line:
            if line["outcome"]["id"] != len(history.outcomes):
                raise ValueError(f"the outcome before {line['outcome']['id']} is not there")
            history.outcomes.append(_outcome(line["outcome"]))
        else:
            block = line["samples"]
            append_block(block, history.samples[block["series"]])
            if not all(0 <= position < len(history.outcomes) for position in block["outcome"]):
                raise ValueError(f"an outcome of the series {block['series']} is not there")


def _load_events(history: History, path: Path) -> None:
    faults: dict[int, FaultWindow] = {}
    for line in _lines(path):
        if "event" in line:
            history.events.append(ClusterEvent(**line["event"]))
        elif "gap" in line:
            history.gaps.append(WatchGap(**line["gap"]))
        elif "revision" in line:
            sent_ns, revision = line["revision"]
            history.revisions.append((int(sent_ns), int(revision)))
        elif "fault" in line:
            window = FaultWindow.from_dict(line["fault"])
            faults[window.trial] = window
        else:
            at_ns, what, details = line["mark"]
            history.marks.append((at_ns, what, details))
    history.faults = [faults[trial] for trial in sorted(faults)]


def _check_order(history: History) -> None:
    """What is read by bisection stands in order; no clock that is one goes back."""
    for series in history.series:
        samples = history.samples[series.id]
        if any(received < sent for sent, received in zip(samples.sent_ns, samples.received_ns, strict=True)):
            raise ValueError(f"an answer of the series {series.id} was received before its question was sent")
        if any(later < earlier for earlier, later in pairwise(samples.received_ns)):
            raise ValueError(f"the samples of the series {series.id} are not in the order in which they came")
    if any(later.at_ns < earlier.at_ns for earlier, later in pairwise(history.events)):
        raise ValueError("the events are not in the order in which they came")


def _outcome(fields: dict[str, Any]) -> Outcome:
    fields.pop("id")
    for key in ("values", "additional", "srv"):
        fields[key] = tuple(fields.get(key, ()))
    return Outcome(**fields)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = read_file(path).decode()
    except OSError as exc:
        raise UsageError(
            f"{path.parent} holds no readable history: {path.name}: {exc.strerror}",
            hint="name the folder of a run, such as one that chaos runs lists",
        ) from exc
    rows = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as exc:
            if number == len(lines) and not text.endswith("\n"):
                break  # cut short by a crash
            raise UsageError(f"{path}, line {number} is not what this tool wrote: {exc}") from exc
    return rows
