"""One report of many runs: what each found, what did not hold, and the unit's questions with all their answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.analysis.statements import SIMULATED
from chaos.model import Ending
from chaos.model.private import write_text
from chaos.report.rendering import render

# 2: `exit_code` is null where nothing was run, and `outcome` is that of run.json, `not-run` or `skipped`.
SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One run of several.

    Attributes:
        outcome: as in its run.json; ``not-run`` where it could not be begun, ``skipped`` where it was not tried.
        exit_code: None where it was skipped.
        document: the content of its run.json; empty where it was not begun.
        folder: of the run; None where it was not begun.
        reason: why it was not run, or not begun.
    """

    experiment: str
    outcome: str
    exit_code: int | None
    document: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    reason: str = ""

    @property
    def line(self) -> str:
        """Its result line, or why it has none."""
        if self.document:
            return str(self.document["result"])
        return f"{self.outcome.replace('-', ' ').upper()}: {' '.join(self.reason.split())}"


@dataclass(frozen=True, slots=True)
class UnitPart:
    """A part of the unit: its title, and (key of run.json's question text, question)."""

    title: str
    questions: tuple[str, ...]


def write_overview(
    folder: Path, rows: Sequence[OverviewRow], parts: Sequence[UnitPart], total: Ending, *, simulated: bool
) -> None:
    """Write overview.json and report.md into a folder.

    Raises:
        OSError: it cannot be written.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "simulated": simulated,
        "outcome": str(total.outcome),
        "exit_code": total.exit_code,
        "result": total.line,
        "runs": [_row(row, folder) for row in rows],
    }
    write_text(folder / "overview.json", json.dumps(document, indent=2) + "\n")
    text = overview_markdown(folder, rows, parts, total, simulated=simulated)
    write_text(folder / "report.md", text)


def overview_markdown(
    folder: Path, rows: Sequence[OverviewRow], parts: Sequence[UnitPart], total: Ending, *, simulated: bool
) -> str:
    """The report; links are relative to the folder."""
    ran = [row for row in rows if row.document]
    return render(
        "overview.md.j2",
        result=total.line,
        simulated=simulated,
        started=folder.name,
        runs=[_row(row, folder) for row in rows],
        problems=[
            {"experiment": row.experiment, **verdict}
            for row in ran
            for verdict in row.document.get("verdicts", ())
            if verdict["outcome"] != "ok"
        ],
        skipped=[{"experiment": row.experiment, "reason": row.reason} for row in rows if row.reason],
        parts=_answered(ran, parts),
    )


def _row(row: OverviewRow, folder: Path) -> dict[str, Any]:
    counts = Counter(verdict["outcome"] for verdict in row.document.get("verdicts", ()))
    return {
        "experiment": row.experiment,
        "outcome": str(row.outcome),
        "exit_code": row.exit_code,
        "headline": str(row.document.get("headline", "")).removeprefix(SIMULATED) or row.reason,
        "verdicts": ", ".join(f"{n} {outcome}" for outcome, n in counts.items()),
        "report": os.path.relpath(row.folder / "report.md", folder) if row.folder else "",
    }


def _answered(rows: Sequence[OverviewRow], parts: Sequence[UnitPart]) -> list[dict[str, Any]]:
    answers: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        for one in row.document.get("questions", ()):
            answers.setdefault(one["question"], []).append({"answer": one["answer"], "experiment": row.experiment})
    found = []
    for part in parts:
        asked = [{"question": text, "answers": answers[text]} for text in part.questions if text in answers]
        if asked:
            found.append({"title": part.title, "questions": asked})
    return found
