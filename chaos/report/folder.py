"""Writes all files of a report into a run's folder."""

from __future__ import annotations

from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.model import Ending
from chaos.model.private import write_text
from chaos.report.document import REPORT, write_run_json
from chaos.report.markdown import report_markdown
from chaos.report.tables import recoveries_csv, summary_csv
from chaos.report.timeline import timeline_svg
from chaos.report.vantage_tables import is_worth_telling, vantages_csv


def write_report(
    folder: Path,
    reading: Reading,
    said: Statements,
    ending: Ending,
) -> None:
    """Write run.json, recoveries.csv, summary.csv, timeline.svg and report.md into a run's folder.

    vantages.csv as well where agents probed. run.json comes last: once it says how the run ended, the rest is there.

    The same reading gives the same bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    write_text(folder / "recoveries.csv", recoveries_csv(reading))
    write_text(folder / "summary.csv", summary_csv(reading))
    if is_worth_telling(reading):
        write_text(folder / "vantages.csv", vantages_csv(reading))
    write_text(folder / "timeline.svg", timeline_svg(reading))
    text = report_markdown(reading, said, ending)
    write_text(folder / REPORT, text)
    write_run_json(folder, reading, said, ending)
