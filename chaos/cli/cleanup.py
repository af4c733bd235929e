"""`chaos cleanup`."""

from __future__ import annotations

import asyncio
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.cli.commands.cleanup import CleanupOptions
from chaos.cli.console import SteadfastConsole
from chaos.cli.place import address_of
from chaos.cli.signals import leaving
from chaos.cli.terminal import TerminalProgress, confirmed, print_problem, run_time
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import Journal
from chaos.cluster.mirror import find_mirrors
from chaos.cluster.signing import user_key
from chaos.engine.cleanup import remove
from chaos.engine.folder import make_run_folder
from chaos.engine.kept import Open, damaged, open_changes, read_journals, unfinished_journals
from chaos.engine.lease import DURATION_S
from chaos.engine.leftovers import Life, RunLeftovers, find
from chaos.engine.mirrors import keep_mirrors, mirrored_changes, unreadable
from chaos.engine.renewals import Renewals
from chaos.errors import ChaosError, InconclusiveError, RollbackError, UsageError
from chaos.options.output import ReportsOptions, SharingOptions
from chaos.options.place import ClusterOptions
from chaos.visible import visible


@dataclass(frozen=True, slots=True)
class CleanupRequest:
    """What was asked.

    Attributes:
        over: runs that the user says are over.
        agreed: to the removal of all that is surely over.
        shared: whether others may read the journal of what is done.
    """

    address: ClusterAddress
    reports: Path
    over: frozenset[str]
    agreed: bool
    shared: bool = False


def clean_up(agreed: CleanupOptions, cluster: ClusterOptions, kept: ReportsOptions, sharing: SharingOptions) -> int:
    """`chaos cleanup`: show, ask, remove; returns the exit code: 0 where nothing is left, 5 where something is.

    Raises:
        PreflightError: the cluster cannot be reached, or not be read.
    """
    cluster.check_named()
    what = (address_of(cluster), kept.reports, frozenset(agreed.over), agreed.yes, sharing.shared_reports)
    return asyncio.run(_clean_up(CleanupRequest(*what)))


async def _clean_up(request: CleanupRequest) -> int:
    cluster = await connect(request.address)
    try:
        return await clean_cluster(cluster, request, SteadfastConsole(stderr=True))
    finally:
        await cluster.close()


async def clean_cluster(cluster: Cluster, request: CleanupRequest, console: SteadfastConsole) -> int:
    """The same with a connection."""
    kept = read_journals(request.reports)
    runs = await find(cluster, kept.journals, request.over, renewals=Renewals(console.tell_line))
    unfinished = await unfinished_journals(cluster, kept.journals)
    opened = open_changes(unfinished)
    mirrors = await find_mirrors(cluster)
    opened += [*mirrored_changes(mirrors, opened, request.address), *damaged(unfinished)]
    _show(console, cluster, runs, opened, request.address)
    over = [run for run in runs if run.life in (Life.OVER, Life.MAYBE)]
    problems: list[ChaosError] = [*kept.unread, *unreadable(mirrors)]
    problems += keep_mirrors(over, mirrors, request.address)
    problems += _named_in_vain(runs, request)
    chosen = [run for run in runs if run.life is Life.OVER and _agrees(console, run, agreed=request.agreed)]
    chosen += [run for run in runs if run.life is Life.MAYBE and _agrees(console, run, agreed=False)]
    left = [run for run in over if run not in chosen]
    opened = [change for change in opened if change.run not in _under_way(runs)]
    failures = await _remove(cluster, request, console, chosen) if chosen else []
    for failure in failures:
        print_problem(console, "not removed", failure)
    for problem in problems:
        print_problem(console, "left", problem)
    for odd in mirrors.odd:
        console.tell_line(f"left alone: {odd}")
    for run in left:
        console.tell_line(f"left: run {run.run} ({run.life.value})")
    if not failures and not left and not opened and not problems:
        but = " but by runs that are under way" if _under_way(runs) else ""
        console.tell(f"{cluster.name}: nothing is left{but}", markup=False)
        return 0
    return RollbackError.exit_code


def _show(
    console: SteadfastConsole,
    cluster: Cluster,
    runs: list[RunLeftovers],
    opened: list[Open],
    address: ClusterAddress,
) -> None:
    if runs or opened:
        console.tell_line(f"{cluster.name} ({cluster.server}) has:")
    for run in runs:
        console.tell_line(f"run {run.run}, {run.life.value}: {run.why}")
        for left in run.objects:
            held = f" (holds {len(left.holds)} things of somebody else's)" if left.holds else ""
            console.tell_line(f"  {left.describe()}{held}")
        for owner in run.owners:
            console.tell_line(f"  left alone, since it does not carry the run's label, but owns what does: {owner}")
        for copy in run.copies:
            console.tell_line(f"  left alone, since it only carries the run's label: {copy}")
        if run.life is Life.MAYBE:
            console.tell_line(f"  if it is over: {address.cleanup(run.run)}")
    for change in opened:
        if change.run in _under_way(runs):
            console.tell_line(f"under way: {change.what}")
            continue
        console.tell_line(f"not undone: {change.what}")
        console.tell_line(f"  deleting does not undo it: {change.recovery}")


def _under_way(runs: list[RunLeftovers]) -> frozenset[str]:
    return frozenset(run.run for run in runs if run.life is Life.ALIVE)


def _named_in_vain(runs: list[RunLeftovers], request: CleanupRequest) -> list[RollbackError]:
    """Runs that the user says are over, and that show that they are not: nothing of them is removed."""
    return [
        RollbackError(
            visible(f"run {run.run}, which is still under way: {run.why}", line=True),
            hint=f"stop it; if it was killed on another machine, its Lease runs out {DURATION_S} s after that. "
            f"Then: {request.address.cleanup(run.run)}",
        )
        for run in runs
        if run.life is Life.ALIVE and run.run in request.over
    ]


def _agrees(console: SteadfastConsole, run: RunLeftovers, *, agreed: bool) -> bool:
    if agreed:
        return True
    if not sys.stdin.isatty():
        if run.life is Life.OVER:
            console.tell("nothing was removed: nobody can be asked here; --yes agrees", markup=False)
        return False
    doubt = "it may still be under way; " if run.life is Life.MAYBE else ""
    return confirmed(f"{doubt}remove what run {run.run} left?")


async def _remove(
    cluster: Cluster, request: CleanupRequest, console: SteadfastConsole, runs: list[RunLeftovers]
) -> list[Exception]:
    try:  # a new one: what lies in one that is there may be anybody's
        folder = make_run_folder(request.reports, "cleanup", datetime.now(UTC), shared=request.shared)
    except UsageError as exc:
        raise InconclusiveError(f"{exc.message}, so nothing is removed", hint=exc.hint) from exc
    address = request.address
    journal = Journal.start(
        folder,
        {
            "id": f"cleanup-{secrets.token_hex(4)}",
            **address.for_journal(),
            "fingerprint": cluster.fingerprint,
        },
        user_key(make=True).data,
    )
    try:
        clock = RunClock(asyncio.get_running_loop())
        with leaving(journal.recovery()):
            return list(await remove(cluster, journal, clock, runs, TerminalProgress(console, run_time())))
    finally:
        journal.close()
