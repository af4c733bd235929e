"""Whether a Lease that looks silent is renewed after all: a proxy may tell a time that is not the API server's.

Runs count on from the API server's own clock, and who looks knows that only from a header which what stands before the
server may replace. So before a run is called over that another machine may be at, its Lease is watched for as long as
a run that lives takes to renew it; one of this machine too whose journal may only be a copy that nobody holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from chaos.cluster.client import Cluster
from chaos.cluster.journal import FIX_PREFIX, RUN_LABEL, Journal
from chaos.engine.lease import NAME, RENEW_S, RENEWED_WITHIN_S, Holder, holder
from chaos.errors import ApiError, PreflightError
from chaos.model.object import Object
from chaos.visible import visible

# From the last renewal to the answer to the next one, and a second for the way.
WATCHED_S = RENEW_S + RENEWED_WITHIN_S + 1.0
_FORBIDDEN, _NOT_FOUND = 403, 404


class Renewals:
    """Watches each Lease once.

    Args:
        tell: is told what is waited for.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._renewed: dict[str, bool | None] = {}  # by UID; None: it went away

    async def of_runs(
        self, cluster: Cluster, known: Mapping[str, Journal], over: frozenset[str], namespace: str
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Watch the Leases of runs that would be called over; those whose is renewed, and those whose went away.

        Args:
            cluster: that they are in.
            known: journals of this machine, by run.
            over: runs that somebody says are over.
            namespace: that is looked at alone; empty: all are.

        Raises:
            ApiError: they cannot be read; where they may not be, nothing is watched.
        """

        async def look() -> list[Object]:
            return (await cluster.list("Lease", namespace, RUN_LABEL))[0]

        try:
            there = [lease for lease in await look() if lease["metadata"]["name"] == NAME]
        except ApiError as exc:
            if exc.status not in (_FORBIDDEN, _NOT_FOUND):
                raise
            return frozenset(), frozenset()
        if not there:
            return frozenset(), frozenset()
        _, now_s, _ = await cluster.server_date()
        said = [(lease, holder(lease, now_s)) for lease in there]
        silent = [(lease, one) for lease, one in said if _is_called_over(one, known.get(one.run), over)]
        await self._watch(silent, look)
        renewed = frozenset(one.run for lease, one in silent if self._renewed[_uid(lease)])
        return renewed, frozenset(one.run for lease, one in silent if self._renewed[_uid(lease)] is None)

    async def of(self, cluster: Cluster, said: Holder) -> bool:
        """Whether the Lease is renewed of who was silent.

        Args:
            cluster: that it is in.
            said: what it said.

        Raises:
            ApiError: it cannot be read.
        """

        async def look() -> list[Object]:
            found = await cluster.get("Lease", NAME, said.namespace)
            return [found] if found is not None else []

        leases = [(lease, said) for lease in await look() if said.lasts_s]
        await self._watch(leases, look)
        return any(self._renewed[_uid(lease)] for lease, _ in leases)

    async def _watch(self, leases: list[tuple[Object, Holder]], look: Callable[[], Awaitable[list[Object]]]) -> None:
        new = [(lease, said) for lease, said in leases if _uid(lease) not in self._renewed]
        if not new:
            return
        for _, said in new:
            self._tell(
                visible(
                    f"watching for {WATCHED_S:.0f} s whether the Lease of run {said.run} is renewed, since it may be "
                    f"under way all the same: {said.describe()}",
                    line=True,
                )
            )
        await asyncio.sleep(WATCHED_S)
        now = {_uid(lease): lease for lease in await look()}
        for lease, _ in new:
            after = now.get(_uid(lease))
            self._renewed[_uid(lease)] = None if after is None else _time(after) != _time(lease)


def _is_called_over(said: Holder, journal: Journal | None, over: frozenset[str]) -> bool:
    """Whether it is, by something that may be wrong."""
    if not said.lasts_s or said.run.startswith(FIX_PREFIX):
        return False
    with suppress(PreflightError):  # it cannot be told from the file
        if journal is not None and journal.is_live():
            return False
        if journal is not None and said.is_here:
            return said.has_a_process
    return not said.is_alive and (said.run in over or not said.may_come_back)


def _uid(lease: Object) -> str:
    return str(lease["metadata"]["uid"])


def _time(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("renewTime") or "")
