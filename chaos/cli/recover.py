"""`chaos recover`: finishes what a killed run could not undo."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from chaos.cli.terminal import SteadfastConsole, TerminalProgress, print_problem, run_time
from chaos.clock import RunClock
from chaos.cluster import ClusterAddress, Journal, connect
from chaos.cluster.journal import FIX_PREFIX, JOURNAL
from chaos.engine.conclusion import worst
from chaos.engine.rollback import recover
from chaos.errors import ChaosError, PreflightError, RollbackError


def recover_runs(
    folder: Path | None, reports: Path, context: str, kubeconfig: Path | None, *, run_commands: bool
) -> int:
    """Replay the journals; returns the exit code.

    Args:
        folder: of one run; None: every run below `reports`.
        reports: where runs are kept.
        context: instead of the one that the journal names.
        kubeconfig: likewise.
        run_commands: whether shell commands that a journal names are run.

    What cannot be replayed is told at the end, and the others are.
    """
    console = SteadfastConsole(stderr=True)
    paths = [folder / JOURNAL] if folder is not None else sorted(reports.rglob(JOURNAL))
    problems: list[ChaosError] = []
    seen = 0
    for path in paths:
        if path.is_file() and not path.stat().st_size:
            continue  # its first line is on the disk before anything is changed
        try:  # one journal that cannot be replayed must not keep the others from it
            journal = Journal.load(path)
            if journal.run.get("simulated") or not journal.open_entries():
                continue
            if folder is None and str(journal.run["id"]).startswith(FIX_PREFIX):
                continue  # somebody agreed to it; undone only by name
            seen += 1
            if journal.is_live():
                raise PreflightError(
                    f"{path.parent}: this run is still under way", hint="stop it with Ctrl-C; it undoes its changes"
                )
            problems += asyncio.run(_recover(journal, context, kubeconfig, console, run_commands=run_commands))
        except ChaosError as exc:
            problems.append(exc)
    if not seen and not problems:
        console.tell("nothing to undo")
    for problem in problems:
        print_problem(console, "not undone", problem)
    return worst(problems)


def _own_namespace(fingerprint: str) -> str:
    """The namespace that a fingerprint is of; empty where it is kube-system's."""
    kind, _, rest = fingerprint.partition(" ")
    return rest.partition(" ")[0] if kind == "namespace" else ""


async def _recover(
    journal: Journal, context: str, kubeconfig: Path | None, console: SteadfastConsole, *, run_commands: bool
) -> list[RollbackError]:
    run = journal.run
    stored = Path(run["kubeconfig"]) if run.get("kubeconfig") else None
    address = ClusterAddress(
        context=run.get("context", ""), kubeconfig=stored, in_cluster=bool(run.get("in_cluster")) and not context
    )
    if context:
        address = replace(address, context=context)
    if kubeconfig is not None:
        address = replace(address, kubeconfig=kubeconfig)
    console.tell(f"{journal.path.parent}: {len(journal.open_entries())} changes to undo", markup=False)
    for entry in journal.open_entries():
        if entry.command:  # told first: where a node is cut off, the cluster may not even be reached
            console.tell(f"  {entry.kind} {entry.name}: {entry.command}", markup=False, soft_wrap=True)
    cluster = await connect(address, _own_namespace(str(run["fingerprint"])))
    try:
        clock = RunClock(asyncio.get_running_loop())
        progress = TerminalProgress(console, run_time())
        failures = await recover(journal, cluster, clock, progress, run_commands=run_commands)
    finally:
        await cluster.close()
    console.tell(f"{journal.path.parent}: {'not all undone' if failures else 'undone'}", markup=False)
    return failures
