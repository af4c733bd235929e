"""`chaos runs prune`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from chaos.cli.commands.runs_prune import Pruned
from chaos.cli.console import SteadfastConsole
from chaos.cli.past import check_known
from chaos.cli.terminal import confirmed
from chaos.errors import ChaosError, InconclusiveError, RollbackError, UsageError
from chaos.options.output import ReportsOptions
from chaos.report.pruning import check_prunable, prune
from chaos.report.retention import KeptRun, Left, choose, find_runs

_STEP = 1000


def prune_runs(wanted: Pruned, kept: ReportsOptions) -> int:
    """Show, ask, remove; returns the exit code.

    Raises:
        UsageError: nobody can be asked, or an experiment is named that is none.
    """
    now = datetime.now(UTC)
    runs, left = find_runs(kept.reports, wanted.experiment)
    if wanted.experiment and not runs and not left:
        check_known(wanted.experiment, {path.name for path in kept.reports.glob("*/")}, kept.reports)
    going = []
    for run in choose(runs, wanted.older_than_s, wanted.keep, now):
        try:
            check_prunable(run, now.timestamp())
            going.append(run)
        except ChaosError as exc:
            left.append(Left(run.folder, exc))
    console = SteadfastConsole()
    for run in going:
        console.tell_line(f"goes: {run.folder} ({run.outcome}, {in_words(run.size)})")
    for one in left:
        _tell_left(console, one)
    if not going:
        console.tell_line("no run goes")
    elif wanted.dry_run:
        console.tell_line(f"{_runs(going)} would go, {in_words(sum(run.size for run in going))}; nothing was removed")
    elif _agreed(going, wanted):
        left += _remove(kept.reports, going, console)
    else:
        console.tell_line("nothing was removed")
    return _exit_code(left)


def _agreed(going: Sequence[KeptRun], wanted: Pruned) -> bool:
    if wanted.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nothing was removed: nobody can be asked here", hint="--yes agrees, --dry-run only shows")
    return confirmed(f"remove {_runs(going)}, {in_words(sum(run.size for run in going))}?")


def _remove(reports: Path, going: Sequence[KeptRun], console: SteadfastConsole) -> list[Left]:
    removed, freed, left = [], 0, []
    for run in going:
        try:
            freed += prune(reports, run, datetime.now(UTC).timestamp())
            removed.append(run)
        except ChaosError as exc:
            left.append(Left(run.folder, exc))
            _tell_left(console, left[-1])
    console.tell_line(f"{_runs(removed)} removed, {in_words(freed)} freed")
    return left


def _tell_left(console: SteadfastConsole, one: Left) -> None:
    console.tell_line(f"stays: {one.folder}: {one.why.message}")
    if one.why.hint:
        console.tell_line(f"  {one.why.hint}")


def _exit_code(left: Sequence[Left]) -> int:
    """The exit code by the folders that stay: the highest of their errors; folders that are no runs do not count."""
    codes = {one.why.exit_code for one in left if isinstance(one.why, RollbackError | InconclusiveError)}
    return max(codes, default=0)


def _runs(runs: Sequence[KeptRun]) -> str:
    return f"{len(runs)} run{'' if len(runs) == 1 else 's'}"


def in_words(size: int) -> str:
    """Bytes for people, in powers of a thousand, as disks are sold."""
    if size < _STEP:
        return f"{size} bytes"
    amount, unit = size / _STEP, "kB"
    for larger in ("MB", "GB", "TB"):
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{amount:.3g} {unit}"
