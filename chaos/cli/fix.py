"""`chaos diagnose --fix`: shows each change, asks, makes it, and keeps a journal by which it can be undone."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from chaos.cli.console import SteadfastConsole
from chaos.cli.terminal import confirmed
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.journal import FIX_PREFIX, Journal
from chaos.cluster.signing import user_key
from chaos.diagnose import Diagnostic, Repair
from chaos.errors import ApiError, InconclusiveError
from chaos.model.private import make_folder


async def offer(
    cluster: Cluster,
    address: ClusterAddress,
    findings: Iterable[Diagnostic],
    reports: Path,
    *,
    agreed: bool,
    shared: bool,
) -> int:
    """Offer all repairs; returns how many were made.

    Args:
        cluster: that was looked at.
        address: of it, for the journal.
        findings: with their repairs.
        reports: below which the journal is written.
        agreed: to all of them.
        shared: whether others may read the journal.
    """
    console = SteadfastConsole(stderr=True)
    repairs = list(dict.fromkeys(_Offer(f.repair) for f in findings if f.repair is not None))
    if not repairs:
        console.tell("--fix: nothing here can be mended safely without you; each finding says how")
        return 0
    changes: Changes | None = None
    journal: Journal | None = None
    made = 0
    for one in repairs:
        repair = one.repair
        console.tell(f"--fix: {repair.doing}, in namespace {repair.namespace}", markup=False, soft_wrap=True)
        console.tell(json.dumps(repair.create or repair.patch), markup=False, soft_wrap=True)
        seen = await cluster.get(repair.kind, repair.name, repair.namespace) if repair.patch is not None else None
        if not _agrees(console, agreed=agreed):
            continue
        if changes is None:
            journal, changes = _begin(cluster, address, reports, shared=shared)
            console.tell(f"--fix: to undo it: {journal.recovery()}", markup=False, soft_wrap=True)
        try:
            await _make(changes, repair, str(seen["metadata"]["resourceVersion"]) if seen else "")
        except ApiError as exc:
            console.tell(f"--fix: not done: {exc}", markup=False, soft_wrap=True)
            continue
        made += 1
        console.tell(f"--fix: done: {repair.doing}", markup=False, soft_wrap=True)
    if journal is not None:
        journal.close()
    return made


class _Offer:
    """A repair, equal to another one that does the same."""

    def __init__(self, repair: Repair) -> None:
        self.repair = repair
        self._key = (repair.kind, repair.namespace, repair.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Offer) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _agrees(console: SteadfastConsole, *, agreed: bool) -> bool:
    if agreed:
        return True
    if not sys.stdin.isatty():
        console.tell("--fix: nothing was changed: nobody can be asked here; --yes agrees to all")
        return False
    return confirmed("change it?")


def _begin(cluster: Cluster, address: ClusterAddress, reports: Path, *, shared: bool) -> tuple[Journal, Changes]:
    """The journal, as a run's, so that `chaos recover FOLDER` undoes it; without a folder it leaves fixes alone."""
    now = datetime.now(UTC)
    folder = reports / "fixes" / now.strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        make_folder(folder, shared=shared)
    except OSError as exc:
        raise InconclusiveError(f"{folder} cannot be made ({exc.strerror}), so nothing is changed") from exc
    run_id = FIX_PREFIX + secrets.token_hex(4)
    journal = Journal.start(
        folder,
        {
            "id": run_id,
            **address.for_journal(),
            "fingerprint": cluster.fingerprint,
        },
        user_key(make=True).data,
    )
    return journal, Changes(cluster, journal, RunClock(asyncio.get_running_loop()), run_id)


async def _make(changes: Changes, repair: Repair, version: str) -> None:
    if repair.create is not None:
        await changes.create(repair.create)
    elif repair.patch is not None:
        await changes.patch(repair.kind, repair.name, repair.namespace, repair.patch, version=version)
