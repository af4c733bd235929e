"""What runs before left undone in what they did not make: nothing begins on top of it."""

from __future__ import annotations

from pathlib import Path

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import MIRROR_NAME, Copy, by_hand, find_mirrors
from chaos.engine.kept import damaged, open_changes, unfinished_here, unfinished_journals
from chaos.errors import ApiError, PreflightError
from chaos.visible import visible

_FORBIDDEN = 403


async def refuse_on_top(
    cluster: Cluster, namespace: str, reports: Path, address: ClusterAddress, *, mirrored: bool
) -> list[str]:
    """Refuse to begin where an earlier run did not put back what it had changed; a run under way counts too.

    Args:
        cluster: to be looked at.
        namespace: of the run, which is looked at where not all of the cluster may be.
        reports: where runs of this machine are kept.
        address: of the cluster, for the command that is named.
        mirrored: whether this run has a mirror; without one it is no error that the cluster's may not be read.

    Returns:
        What the user should know of what is only in the way of its own removal.

    Raises:
        PreflightError: says what is to be undone first.
    """
    kept = unfinished_here(reports)
    left = await unfinished_journals(cluster, kept.journals)
    for change in open_changes(left):
        raise PreflightError(
            visible(f"an earlier run did not undo: {change.what}, so nothing is begun on top of it", line=True),
            hint=change.recovery,
        )
    for change in damaged(left):
        raise PreflightError(
            visible(
                f"nobody knows whether an earlier run undid {change.what}; nothing is begun on top of it", line=True
            ),
            hint=f"{change.recovery}; then, where all is as it was, move that folder to another place",
        )
    try:
        mirrors = await find_mirrors(cluster, namespace)
    except ApiError as exc:
        if mirrored or exc.status != _FORBIDDEN:
            raise
    else:
        for copy in mirrors.open:
            otherwise = f"where all is as it was: {by_hand(copy.name, copy.namespace)}; else"
            raise PreflightError(_of_another(copy), hint=f"{otherwise}: {mirrors.recovery(address, copy)}")
        for where, why in mirrors.unread:
            raise PreflightError(
                visible(f"what an earlier run is to undo may stand where nobody can read it: {why}", line=True),
                hint=f"look at it; where nothing is to be undone: {by_hand(MIRROR_NAME, where)}",
            )
    unread = [f"it may be that an earlier run is to be undone: {problem.message}" for problem in kept.unread]
    return [*unread, *(f"an earlier run left {_what(journal)}: {journal.recovery()}" for journal in left)]


def _what(journal: Journal) -> str:
    return "what it had made" if journal.open_in_cluster() else "its after hook, which did not run"


def _of_another(copy: Copy) -> str:
    changed = ", ".join(what_is_changed(copy)) or "what cannot be read any more"
    who = f"run {copy.run['id']} ({copy.whose}) has changed, or is about to, says {copy.path}"
    return visible(f"{who}: {changed}; nothing is begun on top of it", line=True)


def what_is_changed(copy: Copy) -> list[str]:
    """For people: each change that no label leads to."""
    return [entry.change + (f" in namespace {entry.namespace}" if entry.namespace else "") for entry in copy.outside]
