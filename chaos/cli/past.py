"""`chaos runs`: past runs, from their run.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from chaos.options.output import FormatOptions, ReportsOptions
from chaos.visible import visible

_RUN = "run.json"
_OVERVIEW = "overview"


class Chosen(Protocol):
    """Which runs; see `chaos.cli.commands.runs`."""

    @property
    def experiment(self) -> str: ...
    @property
    def last(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Past:
    """A past run.

    Attributes:
        result: how it ended, as its report's first line says; or why that cannot be told.
        headline: what it found; empty where nothing was concluded.
    """

    started_at: str
    experiment: str
    outcome: str
    result: str
    headline: str
    folder: str


def list_runs(chosen: Chosen, kept: ReportsOptions, told: FormatOptions) -> int:
    """Print them, the newest last."""
    runs = sorted(_runs(kept.reports, chosen.experiment), key=lambda run: (run.started_at, run.folder))
    runs = runs if chosen.last is None else runs[-chosen.last :]
    if told.as_json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
        return 0
    if not runs:
        of = f" of {chosen.experiment}" if chosen.experiment else ""
        print(visible(f"no run{of} is kept below {kept.reports}; chaos run makes one"))
    for run in runs:
        print(visible(f"{run.started_at}  {run.experiment}: {run.result}"))
        if run.headline:
            print(visible(f"    {run.headline}"))
        print(visible(f"    {run.folder}"))
    return 0


def _runs(reports: Path, experiment: str) -> Iterator[Past]:
    """Two folders deep: EXPERIMENT/TIME."""
    for path in reports.glob(f"*/*/{_RUN}"):
        run = _past(path)
        if not experiment or run.experiment == experiment:
            yield run


def _past(path: Path) -> Past:
    folder = path.parent
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        started_at, experiment = str(document["started_at"])[:19] + "Z", str(document["experiment"])
        outcome = document.get("outcome")
        result = str(document.get("result") or "it was cut short; chaos report judges what is there")
        headline = document.get("headline") or ""
        said = headline.get("text", "") if isinstance(headline, dict) else headline
        return Past(started_at, experiment, str(outcome or "INCOMPLETE"), result, _plain(str(said)), str(folder))
    except OSError as exc:
        return Past("?", folder.parent.name, "UNREADABLE", f"{_RUN} cannot be read: {exc.strerror}", "", str(folder))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        result = f"{_RUN} is not what this tool wrote: {type(exc).__name__}"
        return Past("?", folder.parent.name, "UNREADABLE", result, "", str(folder))


def _plain(text: str) -> str:
    return " ".join(text.split())
