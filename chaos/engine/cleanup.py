"""Removes what runs left, as a rollback does: from a journal, guarded by UIDs."""

from __future__ import annotations

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal
from chaos.cluster.undo import Undo
from chaos.engine.leftovers import Leftover, RunLeftovers
from chaos.engine.patience import Patience
from chaos.engine.progress import Progress
from chaos.engine.undoing import Undoing
from chaos.errors import ChaosError, RollbackError

# Namespaces take what is in them along; a volume can go only after its claim.
_ORDER = ("Namespace", "StatefulSet", "Deployment", "ReplicaSet", "Job", "Pod")
_LAST = ("PersistentVolumeClaim", "PersistentVolume", "Lease")


async def remove(
    cluster: Cluster, journal: Journal, clock: RunClock, runs: list[RunLeftovers], progress: Progress
) -> list[ChaosError]:
    """Delete the objects of runs; goes on after a failure, and returns the failures.

    Each deletion is in the journal before it is asked for, so that `chaos recover` finishes what is cut short.
    """
    failures: list[ChaosError] = []
    work = []
    undo = Undo(cluster, journal, clock)
    for run in runs:
        failures += [_of_another(run.run, owner, deletion) for owner, deletion in run.owners.items()]
        for left in sorted(run.objects, key=_rank):
            if left.holds:
                failures.append(_held(left))
                continue
            entry = journal.intend(
                change=f"{left.kind} {left.name} of run {run.run}",
                undo="delete",
                kind=left.kind,
                name=left.name,
                namespace=left.namespace,
                uid=left.uid,
                run=run.run,
            )
            journal.update(entry, "done", left.uid)
            work.append(entry)
    return [*failures, *await Undoing(undo, progress, Patience(clock)).all(lambda: work, lambda _: [])]


def _rank(left: Leftover) -> tuple[int, str]:
    if left.kind in _ORDER:
        return _ORDER.index(left.kind), left.name
    return len(_ORDER) + 1 + (_LAST.index(left.kind) + 1 if left.kind in _LAST else 0), left.name


def _of_another(run: str, owner: str, deletion: str) -> RollbackError:
    """The error of an owner without the run's label, which somebody may have removed to keep it.

    It is left alone. So is what it owns, since its controller would make that again.
    """
    return RollbackError(
        f"{owner} was left alone: it does not carry the label of run {run}, and what it owns does",
        hint=f"look at it; if it is the run's: {deletion}; if it is yours, take the label off its template too",
    )


def _held(left: Leftover) -> RollbackError:
    things = ", ".join(left.holds[:5]) + (", …" if len(left.holds) > 5 else "")  # noqa: PLR2004 - what a line holds
    return RollbackError(
        f"Namespace {left.name} was left alone: somebody else has put things into it: {things}",
        hint=f"move them, then run this again; or: kubectl delete namespace {left.name}",
    )
