"""Prints two runs stage by stage, as the Markdown table that docs/sandbox.md shows.

    python tools/compare_runs.py reports/examples/sandbox reports/examples/real

Each figure is the median over the run's trials of a boundary's upper bound, in seconds since the deletion was accepted,
with the smallest and the largest in brackets.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.analysis.stages import Timeline, timelines
from chaos.cli.saved import load_run

STAGES = (
    ("endpoint-not-ready", "endpoint not ready"),
    ("dns-lost", "every DNS view has dropped the name"),
    ("old-stopped", "old container stops serving"),
    ("old-gone", "old pod object gone"),
    ("created", "new pod created"),
    ("scheduled", "scheduled"),
    ("addressed", "address assigned"),
    ("ready", "Ready"),
    ("endpoint-ready", "endpoint ready"),
    ("dns-back", "every DNS view gives the new address"),
    ("http", "first right answer from the new pod"),
    ("stable", "every view stable"),
)


def main(left: Path, right: Path) -> None:
    """Print the table of two runs' folders."""
    histories = [load_run(folder) for folder in (left, right)]
    columns = [timelines(Reading(history)) for history in histories]
    heads = [
        "sandbox (simulated)" if h.meta.simulated else f"real cluster, {h.meta.environment['kubernetes']}"
        for h in histories
    ]
    print(f"| seconds since the deletion was accepted | {heads[0]} | {heads[1]} |")
    print("|---|--:|--:|")
    for key, label in STAGES:
        print(f"| {label} | {_cell(columns[0], key)} | {_cell(columns[1], key)} |")
    print(f"| *trials* | {len(columns[0])} | {len(columns[1])} |")


def _cell(lines: list[Timeline], key: str) -> str:
    found = [(at - line.trial.accepted_ns) / 1e9 for line in lines if (at := line.at(key)) is not None]
    if len(found) < len(lines):
        return "not seen in every trial"
    return f"{statistics.median(found):.3f} ({min(found):.3f} to {max(found):.3f})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
