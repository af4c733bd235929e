"""Undoes what a journal says, now or after a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal, UndoEntry
from chaos.cluster.mirror import Copy, is_outside
from chaos.cluster.undo import Undo
from chaos.engine.lease import DURATION_S, holder_of
from chaos.engine.patience import Patience
from chaos.engine.progress import Progress
from chaos.engine.renewals import Renewals
from chaos.engine.undoing import Undoes, Undoing
from chaos.errors import PreflightError, RollbackError
from chaos.visible import visible


async def roll_back(
    journal: Journal, changes: Undoes, progress: Progress, patience: Patience, *, hooks: bool = False
) -> list[RollbackError]:
    """Undo everything that is open, as long as patience lasts; returns what is left.

    A hook that did not run comes last, and only where `hooks` says so: a run that goes on runs its own.

    What the run did not make goes first: nodes, since what is to be removed may run on one, and what others use. Then
    namespaces, since what is in them goes with them, unless they are not the run's. The run's own namespace holds its
    mirror (`chaos.cluster.mirror`), so it stays where not all of the former could be undone.
    """
    made = {entry.name for entry in journal.open_entries() if entry.kind == "Namespace"}

    def first(entry: UndoEntry) -> list[UndoEntry]:
        return _open_outside(journal, made) if entry.name == journal.run.get("namespace") else []

    def in_order() -> list[UndoEntry]:
        entries = journal.open_entries() if hooks else journal.open_in_cluster()
        return sorted(entries, key=lambda entry: _order(entry, made))

    return await Undoing(changes, progress, patience).all(in_order, first)


def _order(entry: UndoEntry, made: set[str]) -> int:
    if _is_first(entry, made):
        return 0
    if entry.undo == "hook":
        return 3
    return 1 if entry.kind == "Namespace" else 2


def _is_first(entry: UndoEntry, made: set[str]) -> bool:
    """Whether it is of others: of no namespace that goes anyway."""
    return is_outside(entry) and entry.namespace not in made


def _open_outside(journal: Journal, made: set[str]) -> list[UndoEntry]:
    return [entry for entry in journal.open_entries() if _is_first(entry, made)]


class _ThenTold:
    """Removes the mirror once all changes of others' objects are undone, and before the run's own objects go.

    At that time the journal still has open entries. So a recovery that is killed between the two is continued by the
    next one, which also removes the mirror; if the mirror went last, a kill before that would leave it for good.
    """

    def __init__(self, undo: Undoes, journal: Journal, tell: Callable[[], Awaitable[None]]) -> None:
        self._undo, self._journal, self._tell = undo, journal, tell
        self._is_told = False

    async def undo(self, entry: UndoEntry) -> str:
        if not self._is_told and not any(is_outside(one) for one in self._journal.open_entries()):
            await self._tell()
            self._is_told = True
        return await self._undo.undo(entry)

    async def look(self, entry: UndoEntry) -> str:
        return await self._undo.look(entry)

    def unfinished(self, entry: UndoEntry, why: str) -> RollbackError:
        return self._undo.unfinished(entry, why)


async def recover(
    journal: Journal,
    cluster: Cluster,
    clock: RunClock,
    progress: Progress,
    *,
    run_commands: bool = False,
    tell: Callable[[], Awaitable[None]] | None = None,
    renewals: Renewals | None = None,
) -> list[RollbackError]:
    """Finish the rollback of a run that was killed, believing of its journal what the cluster confirms.

    Args:
        journal: of that run.
        cluster: that it was on.
        clock: to wait by.
        progress: who is told.
        run_commands: whether shell commands that the journal names are run; else they are told.
        tell: called when all is as before that the run did not make, and what it made is still there.
        renewals: of Leases, where some were watched already.

    Raises:
        PreflightError: this is not the cluster that the run was on.
    """
    if not await cluster.is_the_one(str(journal.run["fingerprint"])):
        raise PreflightError(
            f"{cluster.name} is not the cluster that {_name(journal)} was run on "
            f"(its fingerprint is {cluster.fingerprint}, then it was {journal.run['fingerprint']})",
            hint="name the right one with --context",
        )
    await _check_over(journal, cluster, renewals or Renewals(progress.step))
    undo: Undoes = Undo(cluster, journal, clock, read_back=True, run_commands=run_commands)
    undo = _ThenTold(undo, journal, tell) if tell is not None else undo
    return [*_unfit(journal, progress), *await roll_back(journal, undo, progress, Patience(clock), hooks=True)]


def _name(journal: Journal) -> Path:
    return journal.path if isinstance(journal, Copy) else journal.path.parent


async def _check_over(journal: Journal, cluster: Cluster, renewals: Renewals) -> None:
    """Raises PreflightError: the run is under way on another machine, as its Lease there says."""
    for entry in journal.open_entries():
        if entry.kind != "Lease" or entry.why_unfit():
            continue
        found = await holder_of(cluster, entry.namespace)
        if found is None or found.run != journal.run["id"]:
            continue
        # A run of this machine without a lock on its file, and whose process is gone, is over. On a file system without
        # locks that tells nothing, nor does it about a run on another machine.
        is_told = not isinstance(journal, Copy) and found.is_here and journal.is_told_by_lock
        if is_told and not found.has_a_process:
            continue
        if (found.is_alive and not is_told) or await renewals.of(cluster, found):
            raise PreflightError(
                visible(f"{_name(journal)}: this run is still under way: {found.describe()}", line=True),
                hint=f"stop it there with Ctrl-C, it undoes its changes; if it is gone: again in {DURATION_S} s",
            )


def _unfit(journal: Journal, progress: Progress) -> list[RollbackError]:
    """Errors for the damaged lines of a journal: what they said is lost, so it cannot be undone."""
    problems = []
    for line in journal.unfit:
        what = f"line {line.number} of {journal.path} is not what this tool wrote: {line.why}"
        if not line.number:
            what = f"{line.why} of {journal.path}"
        problem = RollbackError(
            visible(f"{what}, so nobody knows whether it was to be undone", line=True),
            hint=f"it was left alone: {visible(line.text, line=True)}" if line.text else "",
        )
        problems.append(problem)
        progress.warning(problem.message)
    return problems
