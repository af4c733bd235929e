"""Undoes what a journal says, now or after a crash."""

from __future__ import annotations

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal, UndoEntry
from chaos.cluster.undo import Undo
from chaos.engine.lease import DURATION_S, holder_of
from chaos.engine.permissions import DNS_NAMESPACE
from chaos.engine.progress import Progress
from chaos.errors import ChaosError, PreflightError, RollbackError, UnprovenError
from chaos.visible import visible


async def roll_back(journal: Journal, changes: Changes | Undo, progress: Progress) -> list[RollbackError]:
    """Undo everything that is open; goes on after a failure, and returns the failures.

    Nodes go first, since what is to be removed may run on one, and what others use; then namespaces, since what is in
    them goes with them, unless they are not the run's.
    """
    failures: list[RollbackError] = []
    covered: set[str] = set()  # namespaces whose own fate is that of everything in them
    for entry in sorted(journal.open_entries(), key=_order):
        if entry.namespace in covered:
            continue
        if entry.kind == "Namespace":
            covered.add(entry.name)
        try:
            done = await changes.undo(entry)
        except UnprovenError as exc:
            covered.discard(entry.name)
            failures.append(exc)
            progress.warning(exc.message)
        except RollbackError as exc:
            failures.append(exc)
            progress.warning(exc.message)
        except ChaosError as exc:  # undone in the cluster, but the journal could not be written
            progress.warning(exc.message)
        else:
            progress.step(f"cleaned up: {done}")
    return failures


def _order(entry: UndoEntry) -> int:
    if entry.kind == "Node" or (entry.undo == "restore" and entry.namespace == DNS_NAMESPACE):
        return 0
    return 1 if entry.kind == "Namespace" else 2


async def recover(
    journal: Journal, cluster: Cluster, clock: RunClock, progress: Progress, *, run_commands: bool = False
) -> list[RollbackError]:
    """Finish the rollback of a run that was killed, believing of its journal what the cluster confirms.

    Args:
        journal: of that run.
        cluster: that it was on.
        clock: to wait by.
        progress: who is told.
        run_commands: whether shell commands that the journal names are run; else they are told.

    Raises:
        PreflightError: this is not the cluster that the run was on.
    """
    if not await cluster.is_the_one(str(journal.run["fingerprint"])):
        raise PreflightError(
            f"{cluster.name} is not the cluster that {journal.path.parent} was run on "
            f"(its fingerprint is {cluster.fingerprint}, then it was {journal.run['fingerprint']})",
            hint="name the right one with --context",
        )
    await _check_over(journal, cluster)
    undo = Undo(cluster, journal, clock, read_back=True, run_commands=run_commands)
    return [*_unfit(journal, progress), *await roll_back(journal, undo, progress)]


async def _check_over(journal: Journal, cluster: Cluster) -> None:
    """Raises PreflightError: the run is under way on another machine, as its Lease there says."""
    for entry in journal.open_entries():
        if entry.kind != "Lease" or entry.why_unfit():
            continue
        found = await holder_of(cluster, entry.namespace)
        if found is not None and found.run == journal.run["id"] and found.is_alive and not found.is_here:
            raise PreflightError(
                visible(f"{journal.path.parent}: this run is still under way: {found.describe()}", line=True),
                hint=f"stop it there with Ctrl-C, it undoes its changes; if it is gone: again in {DURATION_S} s",
            )


def _unfit(journal: Journal, progress: Progress) -> list[RollbackError]:
    """What cannot be undone since nobody knows what it was."""
    problems = []
    for line in journal.unfit:
        problem = RollbackError(
            visible(f"line {line.number} of {journal.path} is not what this tool wrote: {line.why}", line=True),
            hint=f"it was left alone: {visible(line.text, line=True)}",
        )
        problems.append(problem)
        progress.warning(problem.message)
    return problems
