"""`make bench`: what the project promises, and what was measured in this one run.

CHAOS_TEST_CONTEXT names the context of a real cluster that can be reached from here; without it, its row says so.
CHAOS_BENCH_TRIALS changes the number of ground-truth trials.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import coverage, dns_cost, scale, startup, wall

Row = tuple[str, str, str]


def rows() -> Iterator[Row]:
    """(what, promised, measured), each as soon as it is known."""
    cost = dns_cost.measure()
    theirs = cost["asyncquery.udp"]
    for view in ("one server", "balanced"):
        share = cost[view] / theirs
        yield (
            f"CPU per DNS probe, {view}, against asyncquery.udp",
            "≤ 0.33",
            f"{share:.2f} ({cost[view]:.0f}/{theirs:.0f} µs)",
        )
    for one in startup.startups():
        if one.what.startswith("chaos "):
            yield f"{one.what}, against a bare typer program", "≤ 1.5", f"{one.ratio:.2f} ({one.wall_s:.2f} s)"
    yield "diagnose of 30 objects in a file", "≤ 1 s", f"{startup.diagnosis_s():.2f} s"
    yield "first API call of a real run", "≤ 2 s", f"{startup.first_api_call_s():.2f} s"
    yield "run of 3 trials on the sandbox", "≤ 8 s", f"{wall.sandbox_run_s(3):.1f} s"
    yield "run of 10 trials on the sandbox (330 s of cluster time)", "≤ 20 s", f"{wall.sandbox_run_s(10):.1f} s"
    small, large = scale.small_and_large()
    many = f"sandbox: {large.pods} pods Ready, resolved and probed"
    yield many, "≤ 20 s, ≤ 1 GB", f"{large.wall_s:.1f} s, {large.peak_mb / 1024:.2f} GB"
    yield f"CPU per pod, {large.pods} pods against {small.pods}", "≤ 1.5", f"{scale.growth(small, large):.2f}"
    yield "width of a recovery, sandbox, 1 ms latency, median", "≤ 11 ms", f"{coverage.sandbox_width_ms():.1f} ms"
    context = os.environ.get("CHAOS_TEST_CONTEXT")
    real = f"{wall.real_width_ms(context):.1f} ms" if context else "not measured: CHAOS_TEST_CONTEXT is not set"
    yield "width of a recovery, real cluster, --period 10ms, median", "≤ 15 ms", real
    found = coverage.coverage(int(os.environ.get("CHAOS_BENCH_TRIALS", "1000")))
    held = found.intervals - found.missed
    yield f"truth inside the interval, {found.trials} trials", "always", f"{held} of {found.intervals}"


def main() -> None:
    """Print the table."""
    console = Console()
    table = Table("what", "promised", "measured in this run")
    for row in rows():
        print(" | ".join(row), file=sys.stderr, flush=True)
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
