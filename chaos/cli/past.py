"""`chaos runs`: past runs, from their run.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.cli.commands.runs import RunsOptions
from chaos.cli.complete import experiment_names
from chaos.cli.folded import print_under
from chaos.errors import UsageError
from chaos.model.private import NOT_OURS, read_file
from chaos.model.recording import RUN
from chaos.nearest import did_you_mean
from chaos.options.output import FormatOptions, ReportsOptions
from chaos.visible import visible

# Many times what a run of days writes.
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Past:
    """A past run.

    Attributes:
        duration_s: of the whole run, on the cluster's clock; None where it was cut short.
        simulated: whether it was on the sandbox.
        result: how it ended, as its report's first line says; or why that cannot be told.
        headline: what it found; empty where nothing was concluded.
    """

    started_at: str
    experiment: str
    duration_s: float | None
    simulated: bool | None
    outcome: str
    result: str
    headline: str
    folder: str


def list_runs(chosen: RunsOptions, kept: ReportsOptions, told: FormatOptions) -> int:
    """Print them, the newest last.

    Raises:
        UsageError: an experiment is named that there is no run of, and no such experiment either.
    """
    every = sorted(_runs(kept.reports), key=lambda run: (run.outcome != "unreadable", run.started_at, run.folder))
    runs = [run for run in every if chosen.experiment in ("", run.experiment)]
    if not runs and chosen.experiment:
        check_known(chosen.experiment, {run.experiment for run in every}, kept.reports)
    runs = runs if chosen.last is None else runs[-chosen.last :]
    if told.as_json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
        return 0
    if not runs:
        of = f" of {chosen.experiment}" if chosen.experiment else ""
        print(visible(f"no run{of} is kept below {kept.reports}; chaos run makes one"))
    for run in runs:
        took = "-" if run.duration_s is None else f"{run.duration_s:.0f}s"
        head = f"{run.started_at:<20}  {took:>5}  {run.experiment}: "
        print_under(visible(head, line=True), visible(run.result, line=True))
        if run.headline:
            print_under("    ", visible(run.headline, line=True))
        print(visible(f"    {run.folder}", line=True))
    return 0


def check_known(name: str, kept: set[str], reports: Path) -> None:
    """A name that no run has, and that is no experiment's either, is misspelt.

    Raises:
        UsageError: says what may have been meant.
    """
    if name in experiment_names(name):
        return
    hint = did_you_mean(name, kept | set(experiment_names(""))) if kept else "chaos list shows experiments"
    raise UsageError(
        f"no run of {name!r} is kept below {reports}", hint=hint or f"runs are of: {', '.join(sorted(kept))}"
    )


def _runs(reports: Path) -> Iterator[Past]:
    """Two folders deep: EXPERIMENT/TIME."""
    return (_past(path) for path in reports.glob(f"*/*/{RUN}"))


def _past(path: Path) -> Past:
    try:
        document = json.loads(read_file(path, _MOST_BYTES))
        return _read(document, path.parent)
    except OSError as exc:
        return _unreadable(path.parent, f"{RUN} cannot be read: {exc.strerror}")
    except NOT_OURS as exc:
        return _unreadable(path.parent, f"{RUN} is not what this tool wrote: {type(exc).__name__}")


def _read(document: dict[str, Any], folder: Path) -> Past:
    duration_s, simulated = document.get("duration_s"), document.get("simulated")
    return Past(
        f"{str(document['started_at'])[:19]}Z",
        str(document["experiment"]),
        None if duration_s is None else float(duration_s),
        None if simulated is None else bool(simulated),
        str(document.get("outcome") or "incomplete"),
        _plain(document.get("result")) or "it was cut short; chaos report judges what is there",
        _plain(document.get("headline")),
        str(folder),
    )


def _unreadable(folder: Path, why: str) -> Past:
    return Past("?", folder.parent.name, None, None, "unreadable", why, "", str(folder))


def _plain(text: object) -> str:
    return " ".join(str(text or "").split())
