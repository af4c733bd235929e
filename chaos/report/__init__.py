"""Renders a saved run: Markdown for people, CSV and JSON for programs, one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chaos.analysis.headline import headline
from chaos.analysis.questions import Answer
from chaos.model import Ending, History, Verdict
from chaos.report.document import READABLE, run_json, write_run_json
from chaos.report.markdown import report_markdown
from chaos.report.tables import recoveries_csv, summary_csv
from chaos.report.timeline import timeline_svg
from chaos.report.vantage_tables import is_worth_telling, vantages_csv

__all__ = ["READABLE", "REPORT", "run_json", "write_report", "write_run_json"]

REPORT = "report.md"


def write_report(
    folder: Path,
    history: History,
    verdicts: list[Verdict],
    answers: list[Answer],
    ending: Ending,
    first_sentence: Callable[[History], str] = headline,
) -> None:
    """Write run.json, recoveries.csv, summary.csv, timeline.svg and report.md into a run's folder.

    vantages.csv as well where agents probed. run.json comes last: once it says how the run ended, the rest is there.

    The same history gives the same bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / "recoveries.csv").write_text(recoveries_csv(history), encoding="utf-8")
    (folder / "summary.csv").write_text(summary_csv(history), encoding="utf-8")
    if is_worth_telling(history):
        (folder / "vantages.csv").write_text(vantages_csv(history), encoding="utf-8")
    (folder / "timeline.svg").write_text(timeline_svg(history), encoding="utf-8")
    text = report_markdown(history, verdicts, answers, ending, first_sentence)
    (folder / REPORT).write_text(text, encoding="utf-8")
    write_run_json(folder, history, verdicts, answers, ending, first_sentence)
