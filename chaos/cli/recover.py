"""`chaos recover`: finishes what a killed run could not undo."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from chaos.cli.signals import leaving
from chaos.cli.terminal import SteadfastConsole, TerminalProgress, print_problem, run_time
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.journal import FIX_PREFIX, JOURNAL, Journal
from chaos.cluster.kubeconfig import kubeconfig_paths
from chaos.engine.conclusion import worst
from chaos.engine.rollback import recover
from chaos.errors import ChaosError, PreflightError, RollbackError, UsageError
from chaos.options.output import ReportsOptions
from chaos.options.place import ClusterOptions
from chaos.visible import visible


@dataclass(frozen=True, slots=True)
class RecoverRequest:
    """What was asked.

    Attributes:
        folder: of one run; None: every run below `reports`.
        reports: where runs are kept.
        context: instead of the one that the journal names.
        kubeconfig: instead of `$KUBECONFIG`; a journal's own is read only where it is named here.
        in_cluster: instead of a context.
        run_commands: whether shell commands that a journal names are run.
    """

    folder: Path | None
    reports: Path
    context: str = ""
    kubeconfig: Path | None = None
    in_cluster: bool = False
    run_commands: bool = False


class Chosen(Protocol):
    """Which run, and what may be done; see `chaos.cli.commands.recover`."""

    @property
    def folder(self) -> str: ...
    @property
    def run_commands(self) -> bool: ...


def recover_command(chosen: Chosen, cluster: ClusterOptions, kept: ReportsOptions) -> int:
    """`chaos recover`."""
    if cluster.in_cluster and cluster.kubeconfig is not None:
        raise UsageError("--in-cluster excludes --kubeconfig", hint="name one of them")
    folder = Path(chosen.folder) if chosen.folder else None
    where = (cluster.context, cluster.kubeconfig, cluster.in_cluster)
    return recover_runs(RecoverRequest(folder, kept.reports, *where, chosen.run_commands))


def recover_runs(request: RecoverRequest) -> int:
    """Replay the journals; returns the exit code.

    What cannot be replayed is told at the end, and the others are.
    """
    console = SteadfastConsole(stderr=True)
    folder = request.folder
    paths = [folder / JOURNAL] if folder is not None else sorted(request.reports.rglob(JOURNAL))
    problems: list[ChaosError] = []
    seen = 0
    for path in paths:
        try:  # one journal that cannot be replayed must not keep the others from it
            journal = _to_undo(path, named=folder is not None, console=console)
            if journal is not None:
                seen += 1
                with leaving(_again(journal, request)):
                    problems += asyncio.run(_recover(journal, request, console))
        except ChaosError as exc:
            problems.append(exc)
    if not seen and not problems:
        console.tell("nothing to undo")
    for problem in problems:
        print_problem(console, "not undone", problem)
    return worst(problems)


def _again(journal: Journal, request: RecoverRequest) -> str:
    """The same command, of this run alone."""
    where = [("--context", request.context)] if request.context else []
    where += [("--kubeconfig", str(request.kubeconfig))] if request.kubeconfig is not None else []
    options = [("--in-cluster",)] if request.in_cluster else []
    options += [("--run-commands",)] if request.run_commands else []
    return journal.recovery(*chain.from_iterable(where), *chain.from_iterable(options))


def _to_undo(path: Path, *, named: bool, console: SteadfastConsole) -> Journal | None:
    """The journal, where it leaves something to be undone.

    Raises:
        ChaosError: it cannot be read, or its run is still under way.
    """
    with contextlib.suppress(OSError):  # what is wrong with it is told by those who read it
        if path.is_file() and not path.stat().st_size:
            return None  # its first line is on the disk before anything is changed
    journal = Journal.load(path)
    if not journal.open_entries() and not journal.unfit:
        return None
    if journal.run.get("simulated"):
        if named:
            console.tell(f"{path.parent}: a simulated run, which leaves nothing behind", markup=False, soft_wrap=True)
        return None
    if not named and journal.run["id"].startswith(FIX_PREFIX):
        return None  # somebody agreed to it; undone only by name
    if journal.is_live():
        raise PreflightError(
            f"{path.parent}: this run is still under way", hint="stop it with Ctrl-C; it undoes its changes"
        )
    return journal


def _own_namespace(fingerprint: str) -> str:
    """The namespace that a fingerprint is of; empty where it is kube-system's."""
    kind, _, rest = fingerprint.partition(" ")
    return rest.partition(" ")[0] if kind == "namespace" else ""


def _address(journal: Journal, request: RecoverRequest) -> ClusterAddress:
    """Where to look, among what is the user's own: the journal only says which context, or that it was a pod's.

    Raises:
        UsageError: nobody says which.
    """
    run = journal.run
    if request.context or request.in_cluster:
        return ClusterAddress(request.context, request.kubeconfig, request.in_cluster)
    context = run.get("context", "")
    if run.get("in_cluster") and request.kubeconfig is None:
        return ClusterAddress(in_cluster=True)
    if not context:
        raise UsageError(f"{journal.path} names no context", hint="name one with --context")
    return ClusterAddress(context, request.kubeconfig)


def _tell_plan(journal: Journal, address: ClusterAddress, console: SteadfastConsole) -> None:
    """What the journal says, before anything is done about it, and before a cluster that cannot be reached ends it."""
    entries = journal.open_entries()
    line = f"{journal.path.parent}: {len(entries)} changes to undo, by {address.describe()}"
    console.tell(visible(line, line=True), markup=False, soft_wrap=True)
    for entry in entries:
        details = entry.command if entry.undo == "command" else json.dumps(entry.restore) if entry.restore else ""
        if details:
            line = f"  {entry.what}: {details}"
            console.tell(visible(line, line=True), markup=False, soft_wrap=True)
    stored = journal.run.get("kubeconfig", "")
    used = [] if address.in_cluster else kubeconfig_paths(address.kubeconfig)
    if stored and Path(stored).absolute() not in [path.absolute() for path in used]:
        line = f"  the journal names the kubeconfig {stored}, which was not read, since reading one can run programs"
        console.tell(visible(line, line=True), markup=False, soft_wrap=True)
        console.tell("  if it is yours, and the one that is meant, name it: --kubeconfig FILE", markup=False)


async def _recover(journal: Journal, request: RecoverRequest, console: SteadfastConsole) -> list[RollbackError]:
    address = _address(journal, request)
    _tell_plan(journal, address, console)
    cluster = await connect(address, _own_namespace(journal.run["fingerprint"]))
    try:
        clock = RunClock(asyncio.get_running_loop())
        progress = TerminalProgress(console, run_time())
        failures = await recover(journal, cluster, clock, progress, run_commands=request.run_commands)
    finally:
        await cluster.close()
    line = f"{journal.path.parent}: {'not all undone' if failures else 'undone'}"
    console.tell(visible(line, line=True), markup=False, soft_wrap=True)
    return failures
