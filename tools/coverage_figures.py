"""Prints which share of lines and of branches the tests run, house by house, of what `make coverage` measured.

python tools/coverage_figures.py build/coverage/figures.json
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def table(files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Rows of a Markdown table.

    Args:
        files: by path, what `coverage json` says of each.
    """
    houses: dict[str, Counter[str]] = {}
    for path, said in files.items():
        for house in (path.partition("/")[0], "all"):
            houses.setdefault(house, Counter()).update({name: said["summary"][name] for name in _COUNTED})
    yield "| package | lines | of them run | branches | of them run |"
    yield "|---|--:|--:|--:|--:|"
    for house in sorted(houses, key=lambda name: (name == "all", name)):
        lines, run, branches, taken = (houses[house][name] for name in _COUNTED)
        yield f"| {house} | {lines} | {_share(run, lines)} | {branches} | {_share(taken, branches)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "—"


if __name__ == "__main__":
    print(*table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]), sep="\n")
