"""Putting the old values back into what a run changed."""

from __future__ import annotations

from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.later import by_hand, not_yet
from chaos.cluster.mirror import Copy
from chaos.cluster.restoring import DNS_NAMESPACE, is_cluster_dns
from chaos.cluster.values import has_values
from chaos.errors import ApiError, ChaosError, RollbackError, UnprovenError

_CONFLICT = 409
_TRIES = 5


class PuttingBack:
    """Sends the patches that a journal has, as long as the objects have the values that its run gave them.

    Args:
        must_prove: whether the journal alone is no proof that a run changed what it names.
    """

    def __init__(self, cluster: Cluster, journal: Journal, *, must_prove: bool) -> None:
        self._cluster = cluster
        self._journal = journal
        self._must_prove = must_prove

    async def restore(self, entry: UndoEntry) -> str:
        """Put the old values back, as long as the object has those that this run gave it, and make sure of it.

        Returns:
            What was done, for people.

        Raises:
            RollbackError: it has others by now, or the API server refused.
        """
        try:
            return await self._put_back(entry)
        except RollbackError:
            raise
        except ChaosError as exc:
            raise not_yet(self._journal, entry, f"{entry.what} could not be put back: {exc.message}", exc) from exc

    async def is_back(self, entry: UndoEntry) -> bool:
        """Whether it has its old values, or is no longer the one that was changed.

        Raises:
            ChaosError: it cannot be read.
        """
        found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
        return found is None or str(found["metadata"]["uid"]) != entry.uid or has_values(found, entry.restore or {})

    async def _put_back(self, entry: UndoEntry) -> str:
        restore, what = entry.restore or {}, entry.what
        sent = False
        for _ in range(_TRIES):
            found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
            if found is None or str(found["metadata"]["uid"]) != entry.uid:
                return f"{what} is no longer the one that was changed; left alone"
            self._check_within(entry, found)
            if has_values(found, restore):
                return f"put {what} back" if sent else f"{what} has its old values"
            if not has_values(found, entry.applied or {}, filled_in=entry.state == "intended"):
                if sent:
                    return f"put {what} back, which somebody else has changed since"
                raise RollbackError(
                    f"{what} was changed by somebody else after this run had changed it, so it was left alone",
                    hint=f"look at it; what puts it back: {by_hand(entry)}",
                )
            sent |= await self._patched(entry, found["metadata"]["resourceVersion"], restore)
        raise RollbackError(
            f"{what} could not be put back: it changes all the time", hint=by_hand(entry), may_pass=True
        )

    def _check_within(self, entry: UndoEntry, found: Object) -> None:
        """Raises UnprovenError: a mirror speaks of what is not the run's elsewhere, or a file of what no run does."""
        if self._must_prove and entry.namespace == DNS_NAMESPACE and not is_cluster_dns(found):
            raise UnprovenError(
                f"{entry.what} was left alone: of {DNS_NAMESPACE} a run changes DNS alone, and that is none",
                hint=f"look at it; {self._journal.path} is not of this tool",
            )
        if isinstance(self._journal, Copy) and self._journal.is_beyond(entry, found):
            raise UnprovenError(
                f"{entry.what} was left alone: {self._journal.path} is elsewhere, and it does not carry the label of "
                f"the run, {RUN_LABEL}={self._journal.run['id']}",
                hint="look at it; nothing else says that a run changed it",
            )

    async def _patched(self, entry: UndoEntry, version: str, restore: Object) -> bool:
        """False where somebody else was faster: its status changes all the time."""
        guarded = {**restore, "metadata": {**(restore.get("metadata") or {}), "resourceVersion": version}}
        try:
            await self._cluster.patch(entry.kind, entry.name, entry.namespace, guarded)
        except ApiError as exc:
            if exc.status != _CONFLICT:
                raise
            return False
        return True
