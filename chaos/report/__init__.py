"""Renders a saved run: Markdown for people, CSV and JSON for programs, one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.model import Ending
from chaos.plugins import plugin
from chaos.report.document import READABLE, REPORT, run_json, write_run_json

__all__ = ["READABLE", "REPORT", "run_json", "write_copy", "write_report", "write_run_json"]

# What it is made with (pandas, jinja2) takes half a second to import: a run begins, and a verdict is told, without it.
write_report: Callable[[Path, Reading, Statements, Ending], None] = plugin("chaos.report.folder:write_report")
write_copy: Callable[..., None] = plugin("chaos.report.shared_copy:write_copy")
