"""Keeps the newest run of each experiment below a folder as its example: the report and what other programs read.

    make examples                       # on the cluster that CHAOS_TEST_CONTEXT names
    python tools/keep_examples.py reports

The samples themselves (observations.jsonl, events.jsonl) stay behind: they are many times as large, and
reports/examples/real has those of one run.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "reports" / "examples"
KEPT = ("report.md", "run.json", "recoveries.csv", "summary.csv", "timeline.svg", "vantages.csv")


def keep(folder: Path) -> None:
    """Replace the example of a run's experiment by that run.

    Raises:
        SystemExit: the run is not one that may be shown: simulated, or not complete.
    """
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if document["simulated"] or document["status"] != "complete":
        sys.exit(f"{folder} is {'simulated' if document['simulated'] else document['status']}, which is no example")
    kept = EXAMPLES / document["experiment"]
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for name in KEPT:
        if (folder / name).is_file():
            shutil.copy(folder / name, kept / name)
    print(f"{document['experiment']}: {folder.name}")


if __name__ == "__main__":
    for experiment in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir() and path.name != "examples"):
        runs = sorted(run for run in experiment.iterdir() if (run / "run.json").is_file())
        if runs:
            keep(runs[-1])
