"""`chaos recover --context NAME`: what runs of other machines left, by what they wrote into the cluster."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.cli.console import SteadfastConsole
from chaos.cli.signals import leaving
from chaos.cli.terminal import TerminalProgress, confirmed, run_time
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.mirror import Copy, Mirrors, find_mirrors
from chaos.engine.cleanup import remove
from chaos.engine.kept import read_journals
from chaos.engine.leftovers import Life, RunLeftovers, find_where_allowed
from chaos.engine.mirrors import recover_copy, unreadable
from chaos.engine.renewals import Renewals
from chaos.engine.unfinished import what_is_changed
from chaos.errors import ChaosError, PreflightError, RollbackError, UsageError
from chaos.visible import visible


@dataclass(frozen=True, slots=True)
class ClusterRequest:
    """What was asked.

    Attributes:
        namespace: that is looked at where not all may be.
        run: that is recovered; empty: all are told.
        agreed: to that.
    """

    address: ClusterAddress
    reports: Path
    namespace: str = ""
    run: str = ""
    agreed: bool = False


async def recover_from_cluster(request: ClusterRequest, console: SteadfastConsole) -> list[ChaosError]:
    """Look, tell, and recover what was agreed to; returns what is left.

    Raises:
        ChaosError: the cluster cannot be reached or read.
    """
    cluster = await connect(request.address, request.namespace)
    try:
        return await recover_in(cluster, request, console)
    finally:
        await cluster.close()


async def recover_in(cluster: Cluster, request: ClusterRequest, console: SteadfastConsole) -> list[ChaosError]:
    """The same with a connection."""
    mirrors = await find_mirrors(cluster, request.namespace)
    tell_limits(console, cluster, mirrors, request.namespace)
    if request.run:
        return await _recover_one(cluster, mirrors, request, console)
    if not mirrors.open and not mirrors.unread:
        console.tell(f"{cluster.name}: no run says here that something is to be undone", markup=False, soft_wrap=True)
    return [*(is_open(copy, mirrors.recovery(request.address, copy)) for copy in mirrors.open), *unreadable(mirrors)]


def tell_limits(console: SteadfastConsole, cluster: Cluster, mirrors: Mirrors, namespace: str) -> None:
    """What was not looked at, and what is not what it seems."""
    if not mirrors.everywhere:
        line = f"{cluster.name}: only namespace {namespace} could be looked at for journals of runs"
        console.tell(line, markup=False, soft_wrap=True)
    for odd in mirrors.odd:
        console.tell_line(f"{cluster.name}: left alone: {odd}")


def is_open(copy: Copy, command: str) -> RollbackError:
    """A run that left something which no label leads to; the command recovers it."""
    what = ", ".join(what_is_changed(copy))
    return RollbackError(
        visible(
            f"run {copy.run['id']} ({copy.whose}) did not undo: {what or 'what cannot be read'}, says {copy.path}",
            line=True,
        ),
        hint=f"unless it is still under way: {command}",
    )


async def _recover_one(
    cluster: Cluster, mirrors: Mirrors, request: ClusterRequest, console: SteadfastConsole
) -> list[ChaosError]:
    copies = [
        copy for copy in mirrors.copies if copy.run["id"] == request.run
    ]  # more than one: anybody may write a ConfigMap with a run's id
    if not copies:
        known = ", ".join(str(one.run["id"]) for one in mirrors.copies) or "none"
        raise UsageError(
            visible(f"{cluster.name} has no journal of a run {request.run}; of those that it has: {known}", line=True),
            hint=f"what carries a run's label is removed by: {request.address.cleanup()}",
        )
    request = replace(request, namespace=request.namespace or copies[0].namespace)
    renewals = Renewals(console.tell_line)
    left, unseen = await _labelled(cluster, request, renewals)
    if left is not None and left.life is Life.ALIVE:
        raise PreflightError(
            visible(f"run {left.run} is still under way: {left.why}", line=True),
            hint="stop it with Ctrl-C; it undoes its changes",
        )
    for copy in copies:
        copy.again = mirrors.recovery(request.address, copy)
        _tell_plan(copy, left, console)
    if not _agrees(request, console):
        return [is_open(copy, copy.again) for copy in copies]
    failures = await _undo(cluster, copies, request, console, renewals)
    if unseen:
        console.tell_line(_not_looked_at(request, unseen))
    console.tell(f"run {request.run}: {'not all undone' if failures else 'undone'}", markup=False, soft_wrap=True)
    return failures


async def _undo(
    cluster: Cluster, copies: list[Copy], request: ClusterRequest, console: SteadfastConsole, renewals: Renewals
) -> list[ChaosError]:
    progress = TerminalProgress(console, run_time())
    clock = RunClock(asyncio.get_running_loop())
    failures: list[ChaosError] = []
    with leaving(copies[0].again):
        for copy in copies:
            try:  # one that cannot be recovered, which anybody may have written, must not keep the others from it
                failures += await recover_copy(copy, cluster, clock, progress, renewals)
            except ChaosError as exc:
                failures.append(exc)
    if failures:
        return failures
    copies[0].again = request.address.cleanup(
        request.run
    )  # the mirror is gone by now, so a clean-up is what finishes an interrupted recovery
    with leaving(copies[0].again):
        left, _ = await _labelled(cluster, request, renewals)
        return await remove(cluster, copies[0], clock, [left], progress) if left is not None else []


def _not_looked_at(request: ClusterRequest, unseen: list[str]) -> str:
    """Kinds that may not be listed: objects made after the mirror was written may be among them."""
    return (
        f"not looked at, since it may not be listed: {', '.join(unseen)}; all that the run named there was, and what "
        f"else carries its label is found by whoever may list these: {request.address.cleanup()}"
    )


async def _labelled(
    cluster: Cluster, request: ClusterRequest, renewals: Renewals
) -> tuple[RunLeftovers | None, list[str]]:
    """What carries the run's label, and what could not be looked at."""
    journals, over = read_journals(request.reports).journals, frozenset({request.run})
    found, only_in, unseen = await find_where_allowed(cluster, journals, over, request.namespace, renewals)
    limits = [f"namespaces other than {only_in}", *(f"{kind} there" for kind in unseen)] if only_in else []
    return next((run for run in found if run.run == request.run), None), limits


def _tell_plan(copy: Copy, left: RunLeftovers | None, console: SteadfastConsole) -> None:
    """All that would be done, before anybody agrees to it."""
    lines = [f"run {copy.run['id']} ({copy.whose}) says in {copy.path} that this is to be undone:"]
    for entry in copy.open_entries():
        done = entry.command or (f"put back {json.dumps(entry.restore)}" if entry.restore else "delete it")
        lines.append(f"  {entry.what}: {done}")
    known = {(entry.kind, entry.name, entry.namespace) for entry in copy.open_entries()}
    more = [one for one in left.objects if (one.kind, one.name, one.namespace) not in known] if left is not None else []
    lines += [f"  {one.describe()}: delete it, since it carries the run's label" for one in more]
    for line in lines:
        console.tell_line(line)
    console.tell(
        "  anybody who may write ConfigMaps there can have written that, so only what the cluster confirms is undone",
        markup=False,
        soft_wrap=True,
    )


def _agrees(request: ClusterRequest, console: SteadfastConsole) -> bool:
    if request.agreed:
        return True
    if not sys.stdin.isatty():
        console.tell("nothing was changed: nobody can be asked here; --yes agrees", markup=False)
        return False
    return confirmed(f"run {request.run} is over; undo this?")
