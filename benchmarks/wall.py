"""Wall time of whole runs, started as a user starts them."""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def sandbox_run_s(trials: int, runs: int = 3) -> float:
    """Median seconds of `chaos run identity-persistence --sandbox --trials N`, start-up and report included."""
    return statistics.median(_run(["--sandbox", "--trials", str(trials)])[0] for _ in range(runs))


def real_width_ms(context: str) -> float:
    """Median width on a real cluster with `--period 10ms`; 15 series need some 1,600 queries a second."""
    _, table = _run(["--context", context, "--grace", "1", "--period", "10ms", "--max-qps", "2000"])
    rows = list(csv.DictReader(table.splitlines()))
    return statistics.median((float(r["recovered_before_s"]) - float(r["recovered_after_s"])) * 1000 for r in rows)


def _run(args: list[str]) -> tuple[float, str]:
    """Seconds, and the text of recoveries.csv."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "chaos", "run", "identity-persistence", "--reports", folder, "-o", "json"]
        began = time.perf_counter()
        done = subprocess.run([*command, *args], capture_output=True, text=True, check=False, env=dict(os.environ))
        took_s = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"a run ended with {done.returncode}:\n{done.stderr}")
        table = Path(json.loads(done.stdout)["folder"]) / "recoveries.csv"
        return took_s, table.read_text()
