"""`chaos recover`: finishes what a killed run could not undo."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from chaos.cli.terminal import TerminalProgress, run_time
from chaos.clock import RunClock
from chaos.cluster import ClusterAddress, Journal, connect
from chaos.cluster.journal import JOURNAL
from chaos.engine.rollback import open_journals, recover
from chaos.errors import RollbackError


def recover_runs(folder: Path | None, reports: Path, context: str, kubeconfig: Path | None) -> int:
    """Replay the journals; returns the exit code.

    Args:
        folder: of one run; None: every run below `reports`.
        reports: where runs are kept.
        context: instead of the one that the journal names.
        kubeconfig: likewise.

    Raises:
        ChaosError: a journal cannot be read, or a cluster cannot be reached.
    """
    console = Console(stderr=True)
    journals = [Journal.load(folder / JOURNAL)] if folder is not None else open_journals(reports)
    failures: list[RollbackError] = []
    for journal in journals:
        failures += asyncio.run(_recover(journal, context, kubeconfig, console))
    if not any(journals):
        console.print("nothing to undo", highlight=False)
    for failure in failures:
        console.print(f"[bold red]not undone[/]: {failure}", highlight=False, soft_wrap=True)
    return RollbackError.exit_code if failures else 0


async def _recover(journal: Journal, context: str, kubeconfig: Path | None, console: Console) -> list[RollbackError]:
    run = journal.run
    if run.get("simulated"):
        console.print(f"{journal.path.parent}: simulated; its cluster ended with it", highlight=False)
        return []
    stored = Path(run["kubeconfig"]) if run.get("kubeconfig") else None
    address = ClusterAddress(
        context=run.get("context", ""), kubeconfig=stored, in_cluster=bool(run.get("in_cluster")) and not context
    )
    if context:
        address = replace(address, context=context)
    if kubeconfig is not None:
        address = replace(address, kubeconfig=kubeconfig)
    console.print(f"{journal.path.parent}: {len(journal.open_entries())} changes to undo", highlight=False)
    cluster = await connect(address)
    try:
        clock = RunClock(asyncio.get_running_loop())
        failures = await recover(journal, cluster, clock, TerminalProgress(console, run_time()))
    finally:
        await cluster.close()
    console.print(f"{journal.path.parent}: {'not all undone' if failures else 'undone'}", highlight=False)
    return failures
