"""Mirrors that runs left in a cluster: whether what they say is open still is, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.entry import UndoEntry
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import MIRROR_NAME, Copy, Mirrors, by_hand, find_mirrors, remove_mirror
from chaos.cluster.values import has_values
from chaos.engine.kept import Open
from chaos.engine.leftovers import RunLeftovers
from chaos.engine.progress import Progress
from chaos.engine.renewals import Renewals
from chaos.engine.rollback import recover
from chaos.errors import ApiError, ChaosError, RollbackError
from chaos.visible import visible


async def recover_copy(
    copy: Copy, cluster: Cluster, clock: RunClock, progress: Progress, renewals: Renewals | None = None
) -> list[RollbackError]:
    """Undo what a mirror says, believing of it what the cluster confirms; it goes when nothing of it is open any more.

    Its shell commands are not run: a run writes none into it, so they are somebody else's.

    Raises:
        ChaosError: it is of another cluster, or of a run that is under way.
    """
    failures = await recover(copy, cluster, clock, progress, renewals=renewals)
    return failures or await _removed(cluster, copy)


async def settle(cluster: Cluster, journal: Journal) -> None:
    """`take_away` without errors: it is called once more at the end, where they count."""
    with suppress(ChaosError):
        await take_away(cluster, journal)


async def take_away(cluster: Cluster, journal: Journal) -> list[RollbackError]:
    """After a run was recovered from its own journal: remove its mirror where all that it says is as before.

    Nothing else is changed on the word of a mirror here.

    Returns:
        Why it could not be removed, or stays: later runs are refused for it.

    Raises:
        ChaosError: it cannot be looked for.
    """
    namespace = str(journal.run.get("namespace", ""))
    mirrors = await find_mirrors(cluster, namespace, str(journal.run["id"]))
    failures = unreadable(mirrors, namespace) if namespace else []
    for copy in mirrors.copies:
        same = copy.run.get("token") == journal.run.get("token") and copy.run["id"] == journal.run["id"]
        if same and await is_settled(cluster, copy, journal):
            failures += await _removed(cluster, copy)
        elif same:
            failures.append(_stays(copy))
    return failures


def _stays(copy: Copy) -> RollbackError:
    what = ", ".join(entry.what for entry in copy.outside) or "what cannot be read"
    return RollbackError(
        visible(
            f"{copy.path} stays: it says that {what} is to be undone, which is not seen to be as before", line=True
        ),
        hint=f"later runs are refused for it; look at it; where all is as it was: {by_hand(copy.name, copy.namespace)}",
    )


async def _removed(cluster: Cluster, copy: Copy) -> list[RollbackError]:
    """Remove a mirror; returns why it could not be."""
    try:
        await remove_mirror(cluster, copy)
    except ApiError as exc:
        message = f"what {copy.path} says is undone, and it could not be removed: {exc.message}"
        hint = f"later runs are refused for it; what removes it: {by_hand(copy.name, copy.namespace)}"
        return [RollbackError(message, hint=hint)]
    return []


def unreadable(mirrors: Mirrors, namespace: str = "") -> list[RollbackError]:
    """What may say that something is to be undone, and cannot be read.

    Args:
        mirrors: of the cluster.
        namespace: in which; empty: in any.
    """
    return [
        RollbackError(
            visible(f"what a run is to undo may stand where nobody can read it: {why}", line=True),
            hint=f"look at it; where nothing is to be undone: {by_hand(MIRROR_NAME, where)}",
        )
        for where, why in mirrors.unread
        if namespace in ("", where)
    ]


async def is_settled(cluster: Cluster, copy: Copy, journal: Journal | None = None) -> bool:
    """Whether nothing that a mirror says is to be undone outside of what carries the run's label.

    Args:
        cluster: that it is in.
        copy: of the mirror.
        journal: of the same run, which knows of commands; where it is signed, of all that was undone.
    """
    return not copy.unfit and all([await _is_undone(cluster, entry, journal) for entry in copy.outside])


async def _is_undone(cluster: Cluster, entry: UndoEntry, journal: Journal | None) -> bool:
    own = journal.entries.get(entry.id) if journal is not None else None
    same = own is not None and (own.undo, own.kind, own.name, own.namespace) == (
        entry.undo, entry.kind, entry.name, entry.namespace,
    )  # fmt: skip
    said = same and own is not None and own.state == "undone"
    if entry.undo == "command" or (said and journal is not None and journal.is_signed):
        return said
    if entry.why_unfit():
        return False
    found = await cluster.get(entry.kind, entry.name, entry.namespace)
    return found is None or str(found["metadata"]["uid"]) != entry.uid or has_values(found, entry.restore or {})


def mirrored_changes(mirrors: Mirrors, known: Iterable[Open], address: ClusterAddress) -> list[Open]:
    """What mirrors say is open, but for runs whose journals are here, which know more.

    Args:
        mirrors: of the cluster.
        known: by the journals of this machine.
        address: of the cluster.
    """
    here = {one.run for one in known}
    rows = []
    for copy in mirrors.open:
        run, recovery = str(copy.run["id"]), mirrors.recovery(address, copy)
        if run not in here:
            entries = [(entry.change, entry.namespace) for entry in copy.outside] or [("what cannot be read", "")]
            rows += [Open(f"run {run} ({copy.whose}): {what}", where, recovery, run) for what, where in entries]
    return rows


def keep_mirrors(runs: Iterable[RunLeftovers], mirrors: Mirrors, address: ClusterAddress) -> list[RollbackError]:
    """Take namespaces out of what is to be removed that hold what says how to undo something elsewhere; tells them."""
    held = {where: ("what nobody can read", by_hand(MIRROR_NAME, where)) for where, _ in mirrors.unread}
    for copy in mirrors.open:
        held[copy.namespace] = (f"what {copy.run['id']} did not undo elsewhere", mirrors.recovery(address, copy))
    kept = []
    for run in runs:
        for left in [one for one in run.objects if one.kind == "Namespace" and one.name in held]:
            run.objects.remove(left)
            says, hint = held[left.name]
            kept.append(RollbackError(f"Namespace {left.name} of run {run.run} stays: it says {says}", hint=hint))
    return kept
