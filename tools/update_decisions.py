"""Puts the differences between the sandbox and a real cluster into ARCHITECTURE.md; a test fails where they differ.

python tools/update_decisions.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.faithfulness.decisions import DECISIONS  # noqa: E402 - the path must be there first
from tools.update_readme import replace_part  # noqa: E402

PATH = ROOT / "ARCHITECTURE.md"


def updated(document: str) -> str:
    """The document with the table as the suite has it."""
    rows = ["| difference | where | why it stays |", "|---|---|---|"]
    rows += [
        f"| {d.what} | {'every experiment' if d.experiments == '.*' else d.experiments.replace('|', ', ')} | {d.why} |"
        for d in DECISIONS
    ]
    return replace_part(document, "decisions", "\n".join(rows))


if __name__ == "__main__":
    PATH.write_text(updated(PATH.read_text(encoding="utf-8")), encoding="utf-8")
