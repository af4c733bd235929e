"""Whether a report can be made of an experiment at all: its picture, its tables, its answers."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.engine.conclusion import ending_of
from chaos.experiment.judging import judges_of, statements
from chaos.report import write_report

# What no reader can make sense of: Python's own values, and durations below nothing.
_STRANGE = re.compile(r"\b(?:nan|inf)\b|(?<=[ |(])-0\.0+ |\bof 1 (?:trials|deletions|faults|replacements)\b|'\]|\{'")


def strange(reading: Reading) -> Iterator[str]:
    """Write everything that `chaos run` writes, and name what looks wrong in the text.

    Raises:
        Exception: it could not be written.
    """
    said = statements(reading, judges_of(reading))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_report(folder, reading, said, ending_of(reading.history, list(said.verdicts)))
        text = (folder / "report.md").read_text(encoding="utf-8")
    for match in _STRANGE.finditer(text):
        yield f"the report says {text[max(0, match.start() - 60) : match.end() + 20]!r}"
