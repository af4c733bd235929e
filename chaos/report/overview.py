"""One report of many runs: what each found, what did not hold, and the unit's questions with all their answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.report.markdown import cell
from chaos.report.rendering import render

SCHEMA_VERSION = 1
_OUTCOMES = {0: "held", 1: "did not hold", 4: "inconclusive", 130: "interrupted"}


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One run of several.

    Attributes:
        exit_code: None where it was not run.
        document: the content of its run.json; empty where it was not begun.
        folder: of the run; None where it was not begun.
        reason: why it was not run, or not begun.
    """

    experiment: str
    exit_code: int | None
    document: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnitPart:
    """A part of the unit: its title, and (key of run.json's question text, question)."""

    title: str
    questions: tuple[str, ...]


def write_overview(folder: Path, rows: Sequence[OverviewRow], parts: Sequence[UnitPart], *, simulated: bool) -> None:
    """Write overview.json and report.md into a folder.

    Raises:
        OSError: it cannot be written.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "simulated": simulated,
        "runs": [_row(row, folder) for row in rows],
    }
    (folder / "overview.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(overview_markdown(folder, rows, parts, simulated=simulated), encoding="utf-8")


def overview_markdown(folder: Path, rows: Sequence[OverviewRow], parts: Sequence[UnitPart], *, simulated: bool) -> str:
    """The report; links are relative to the folder."""
    ran = [row for row in rows if row.exit_code is not None]
    counts = Counter(_outcome(row) for row in rows)
    return render(
        "overview.md.j2",
        simulated=simulated,
        started=folder.name,
        summary=f"{len(ran)} of {len(rows)} experiments were run: "
        + ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())
        + ".",
        runs=[_row(row, folder) for row in rows],
        problems=[
            {"experiment": row.experiment, **verdict}
            for row in ran
            for verdict in row.document.get("verdicts", ())
            if verdict["outcome"] != "ok"
        ],
        skipped=[{"experiment": row.experiment, "reason": row.reason} for row in rows if row.reason],
        parts=_answered(ran, parts),
        cell=cell,
    )


def _outcome(row: OverviewRow) -> str:
    if row.exit_code is None:
        return "not run"
    return _OUTCOMES.get(row.exit_code, "failed")


def _row(row: OverviewRow, folder: Path) -> dict[str, Any]:
    counts = Counter(verdict["outcome"] for verdict in row.document.get("verdicts", ()))
    return {
        "experiment": row.experiment,
        "outcome": _outcome(row),
        "exit_code": "—" if row.exit_code is None else row.exit_code,
        "headline": row.document.get("headline", "") or row.reason,
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
