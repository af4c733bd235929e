"""report.md for those who read it as it is: without its HTML."""

from __future__ import annotations

import re

_SUMMARY = re.compile(r"^<summary>(.*)</summary>$", re.MULTILINE)
_TAGS = re.compile(r"^</?details>\n", re.MULTILINE)
_BLANK = re.compile(r"\n{3,}")


def as_text(report: str) -> str:
    """Each fold becomes a heading; what was written so that it is no tag reads as it was."""
    unfolded = _TAGS.sub("", _SUMMARY.sub(r"## \1", report))
    return _BLANK.sub("\n\n", unfolded).replace("&lt;", "<").replace("]\\(", "](").replace("\\`", "`")
