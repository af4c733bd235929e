"""What a person does after a run died: on its machine, on another with the run's folder, on one with nothing."""

from __future__ import annotations

import asyncio
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import kubesim
from benchmarks.crash_matrix.crossroads import Crossroads
from benchmarks.crash_matrix.mortal import mortal
from chaos.cli import recover as cli
from chaos.cli.cleanup import CleanupRequest, clean_cluster
from chaos.cli.console import SteadfastConsole
from chaos.cli.recover import RecoverRequest
from chaos.cli.recover_cluster import ClusterRequest, recover_in
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, RUN_LABEL, Journal, is_unbegun
from chaos.cluster.mirror import find_mirrors
from chaos.cluster.signing import user_key
from chaos.engine.lease import DURATION_S
from chaos.errors import ChaosError

# With the key that signed the journal, with the folder alone, with nothing.
HERE, MOVED, ELSEWHERE = "same machine", "folder copied", "other machine"
_LABELLED = ("Namespace", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet", "Deployment", "Service", "Lease")
_ADDRESS = ClusterAddress(context="c")
_FOUND: list[Cluster] = []


def reaching_the_sandbox() -> AbstractContextManager[Any]:
    """Have `chaos recover` reach the simulated cluster, whatever context it names."""

    async def to_sandbox(_address: ClusterAddress, _namespace: str = "") -> Cluster:
        return _FOUND[-1]

    return patch.object(cli, "connect", to_sandbox)


class Recovery:
    """One machine's.

    Args:
        place: which machine that is.
        base: where it has what it keeps.
        namespace: that somebody names.
    """

    def __init__(self, sandbox: kubesim.Cluster, place: str, base: Path, namespace: str) -> None:
        self._sandbox, self._place, self._namespace = sandbox, place, namespace
        self._fresh = base / f"home-{os.getpid()}"
        self._console = SteadfastConsole(stderr=True)

    async def wait(self) -> None:
        """Where no process tells that the run is over its Lease does, in time."""
        if self._place != HERE:
            os.environ["XDG_STATE_HOME"] = str(self._fresh / "state")
            self._fresh.mkdir(exist_ok=True)
            await asyncio.sleep(2 * DURATION_S)

    async def is_told(self, reports: Path) -> bool:
        """Whether something there says that there is something to undo."""
        if self._place == ELSEWHERE:
            async with _Connected(self._sandbox, None) as cluster:
                return bool((await find_mirrors(cluster)).open)
        journal = self._journal(reports)
        return journal is not None and bool(journal.open_entries())

    @staticmethod
    def _journal(reports: Path) -> Journal | None:
        path = _path(reports)
        return None if path is None or is_unbegun(path) else Journal.load(path, user_key().data)

    async def recover(self, reports: Path, roads: Crossroads | None) -> list[str]:
        """Do what undoes it; returns what was said to be left."""
        async with _Connected(self._sandbox, roads) as cluster:
            if self._place == ELSEWHERE:
                return await self._from_cluster(cluster, self._fresh / f"reports-{os.getpid()}")
            path = _path(reports)
            if path is None:
                return []
            request = RecoverRequest(path.parent, reports, context="c", run_commands=True)
            journal = cli._to_undo(path, named=True, console=self._console)
            if journal is None:
                return []
            try:
                return [failure.message for failure in await cli._recover(journal, request, self._console)]
            finally:
                journal.close()

    async def _from_cluster(self, cluster: Cluster, reports: Path) -> list[str]:
        said: list[ChaosError] = []
        for copy in (await find_mirrors(cluster)).open:
            request = ClusterRequest(_ADDRESS, reports, self._namespace, str(copy.run["id"]), agreed=True)
            said += await recover_in(cluster, request, self._console)
        runs = {
            str(row["metadata"]["labels"][RUN_LABEL])
            for kind in _LABELLED
            for row in (await cluster.list(kind, "", RUN_LABEL))[0]
        }
        over = CleanupRequest(_ADDRESS, reports, frozenset(runs), agreed=True)
        for _ in range(2):  # the first may tell of what it has removed itself
            if not await clean_cluster(cluster, over, self._console):
                return [one.message for one in said]
        return [*(one.message for one in said), "chaos cleanup did not end with 0"]


def _path(reports: Path) -> Path | None:
    """Of the run's journal, if it had begun one."""
    return next(iter(sorted(reports.glob(f"*/*/{JOURNAL}"))), None)


class _Connected:
    """A connection that may end at a crossroads."""

    def __init__(self, sandbox: kubesim.Cluster, roads: Crossroads | None) -> None:
        self._sandbox, self._roads = sandbox, roads

    async def __aenter__(self) -> Cluster:
        api = self._sandbox.api
        cluster = await connect(ClusterAddress(url=api.url, connector=api.connector()))
        if self._roads is not None:
            mortal(cluster, self._roads)
        _FOUND.append(cluster)
        return cluster

    async def __aexit__(self, *_: object) -> None:
        await _FOUND.pop().close()
