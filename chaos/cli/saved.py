"""Judging and rendering a run, at its end or again later."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements, stored
from chaos.engine.conclusion import ending_of
from chaos.errors import AbortedError, ChaosError, InconclusiveError, UsageError
from chaos.experiment import Experiment
from chaos.experiment.judging import judges_of, statements
from chaos.model import Ending, History, RunMeta, RunOutcome, VerdictOutcome
from chaos.model.history import STATUSES
from chaos.model.loading import load_history
from chaos.model.private import NOT_OURS, read_file
from chaos.model.recording import RUN
from chaos.model.traces import missing
from chaos.report import READABLE, REPORT, run_json, write_report, write_run_json

# From this schema on run.json counts what was recorded.
_COUNTS = 2


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from a history.

    Attributes:
        document: run.json's content.
        problem: why the report could not be written.
    """

    reading: Reading
    said: Statements
    ending: Ending
    document: dict[str, Any]
    problem: ChaosError | None = None


def write_head(folder: Path, history: History) -> None:
    """run.json without verdicts, at the start of a run.

    Raises:
        InconclusiveError: it cannot be written.
    """
    try:
        write_run_json(folder, Reading(history), Statements(), None)
    except OSError as exc:
        raise _unwritable(folder, exc) from exc


def conclude(
    folder: Path, history: History, error: ChaosError | None, experiment: Experiment | None = None
) -> Conclusion:
    """Judge, answer and write the report; verdicts are told even where it cannot be written.

    Args:
        folder: of the run.
        history: of the run.
        error: what ended it early.
        experiment: that it ran; None: the shipped one of its name.
    """
    _note_end(history, error)
    reading = Reading(history)
    return write(folder, concluded(reading, statements(reading, judges_of(reading, experiment))))


def outcome_of(history: History, error: ChaosError | None, experiment: Experiment) -> str:
    """How a run that is over ended, as its run.json will say; nothing is written."""
    _note_end(history, error)
    reading = Reading(history)
    return str(concluded(reading, statements(reading, judges_of(reading, experiment))).ending.outcome)


def _note_end(history: History, error: ChaosError | None) -> None:
    """What ended it early, where something did."""
    if error is not None:
        history.meta.measurement |= {"ended_early": error.message, "ended_early_exit_code": error.exit_code}
        if isinstance(error, AbortedError):
            history.meta.measurement["aborted"] = True


def write(folder: Path, conclusion: Conclusion) -> Conclusion:
    """Write the report; what keeps it from being written is in what is returned."""
    try:
        write_report(folder, conclusion.reading, conclusion.said, conclusion.ending)
    except OSError as exc:
        problem = _unwritable(folder, exc)
        unwritten = concluded(conclusion.reading, conclusion.said, problem)
        with suppress(OSError):  # else run.json stays as it was: incomplete
            write_run_json(folder, unwritten.reading, unwritten.said, unwritten.ending)
        return unwritten
    return conclusion


def _unwritable(folder: Path, exc: OSError) -> InconclusiveError:
    return InconclusiveError(
        f"the report could not be written to {folder}: {exc.strerror}", hint=f"make room, then: chaos report {folder}"
    )


def concluded(reading: Reading, said: Statements, problem: ChaosError | None = None) -> Conclusion:
    """What follows from these statements, without writing anything."""
    ending = ending_of(reading.history, list(said.verdicts), problem)
    return Conclusion(reading, said, ending, run_json(reading, said, ending), problem)


def report_path(folder: Path) -> Path:
    """Its report; the folder where there is none."""
    report = folder / REPORT
    return report if report.is_file() else folder


def load_run(folder: Path) -> History:
    """A saved run.

    Raises:
        UsageError: the folder holds none.
    """
    path = folder / RUN
    try:
        head = json.loads(read_file(path))
        _check_version(path, head["schema_version"])
        _check_types(head)
        maps = {name: dict(head[name]) for name in ("target", "parameters", "environment", "measurement")}
        meta = RunMeta(
            experiment=head["experiment"],
            simulated=head["simulated"],
            started_at=datetime.fromisoformat(head["started_at"]),
            seed=head["seed"],
            model=head["model"],
            finished_at=datetime.fromisoformat(finished) if (finished := head.get("finished_at")) else None,
            **maps,
        )
        status = STATUSES[STATUSES.index(head["status"])]
        recorded = {key: int(count) for key, count in dict(head.get("recorded") or {}).items()}
    except OSError as exc:
        raise UsageError(
            f"{folder} is no run: {path.name}: {exc.strerror}", hint="name a folder like reports/EXPERIMENT/TIME"
        ) from exc
    except NOT_OURS as exc:
        raise UsageError(f"{path} is not what this tool wrote: {type(exc).__name__}: {exc}") from exc
    history = load_history(folder, meta, status)
    _check_whole(folder, history, recorded, head)
    return history


def _check_types(head: dict[str, Any]) -> None:
    """Raises TypeError: what every part of a report takes for granted is of another type."""
    rows = head["model"]
    if not isinstance(head["experiment"], str) or not isinstance(head["simulated"], bool):
        raise TypeError("it does not say what was run")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError("its model is none")


def _check_version(path: Path, version: object) -> None:
    if version not in READABLE:
        known = " and ".join(map(str, READABLE))
        raise UsageError(
            f"{path} has the schema version {version!r}; this version of the tool reads {known}",
            hint="read it with the version of the tool that wrote it; run.json's environment names it",
        )


def _check_whole(folder: Path, history: History, recorded: dict[str, int], head: dict[str, Any]) -> None:
    """Less than was recorded is no evidence: what is missing might have said the contrary."""
    traces = []
    if recorded:
        found = history.recorded()
        lost = [f"{found.get(kind, 0)} of {n} {kind}" for kind, n in recorded.items() if found.get(kind, 0) != n]
        traces = [f"{', '.join(lost)} are there"] if lost else []
    elif history.status != "incomplete":
        counted = head["schema_version"] >= _COUNTS
        traces = ["run.json does not say how much there was"] if counted else missing(history, head)
    if traces:
        raise UsageError(
            f"{folder} is not whole: {'; '.join(traces)}, so nothing is concluded from it",
            hint="run.json and report.md still say what was concluded when all was there; fetch the folder again",
        )


def stored_statements(folder: Path) -> Statements | None:
    """What run.json says was concluded; None where that is nothing, or of a version without figures."""
    path = folder / RUN
    try:
        document = json.loads(read_file(path))
        said = stored(document)
        if said is not None:
            _check_names(document, said)
    except NOT_OURS as exc:
        raise UsageError(
            f"{path}: what was concluded cannot be read: {type(exc).__name__}: {exc}",
            hint=f"judge the run again: chaos report --anew {folder}",
        ) from exc
    return said


def _check_names(document: dict[str, Any], said: Statements) -> None:
    """Each checker that the run names has its verdict; and of what was concluded nothing contradicts how it ended.

    Raises:
        ValueError: a verdict was lost or changed.
    """
    named = document["parameters"].get("checkers")
    if isinstance(named, list) and (lost := set(map(str, named)) - {v.checker for v in said.verdicts}):
        raise ValueError(f"the verdict of {', '.join(sorted(lost))} is not there")
    ended, failed = document.get("outcome"), any(v.outcome is VerdictOutcome.FAIL for v in said.verdicts)
    sure = all(v.outcome is VerdictOutcome.OK for v in said.verdicts)
    early = document["measurement"].get("ended_early")  # a run that failed without a checker saying so
    if (ended == RunOutcome.HELD and not sure) or (ended == RunOutcome.FAILED and not failed and not early):
        raise ValueError(f"the verdicts are not those of a run that {ended}")
