"""`chaos status`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaos.cli.commands.status import Looked
from chaos.cli.console import SteadfastConsole, print_json
from chaos.cli.place import address_of
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.mirror import MIRROR_NAME, by_hand
from chaos.engine.lease import Holder
from chaos.engine.leftovers import Life, RunLeftovers
from chaos.engine.standing import Standing, look
from chaos.errors import RollbackError
from chaos.options.output import FormatOptions, ReportsOptions
from chaos.options.place import ClusterOptions


def status(looked: Looked, cluster: ClusterOptions, kept: ReportsOptions, told: FormatOptions) -> int:
    """`chaos status`: look, tell, and return the exit code: 5 where something is left, or may be.

    Raises:
        PreflightError: the cluster cannot be reached, or not be read.
    """
    cluster.check_named()
    return asyncio.run(_status(address_of(cluster), kept.reports, looked.namespace, as_json=told.as_json))


async def _status(address: ClusterAddress, reports: Path, namespace: str, *, as_json: bool) -> int:
    cluster = await connect(address, namespace)
    try:
        return tell(cluster, address, await look(cluster, address, reports, namespace), as_json=as_json)
    finally:
        await cluster.close()


def tell(cluster: Cluster, address: ClusterAddress, found: Standing, *, as_json: bool) -> int:
    """Tell what was found, on stdout; returns the exit code."""
    code = 0 if found.is_clear else RollbackError.exit_code
    if as_json:
        print_json(_document(cluster, found, code))
        return code
    console = SteadfastConsole()
    console.tell_line(f"{cluster.name} ({cluster.server})")
    for line in _lines(address, found):
        console.tell_line(line)
    return code


def _lines(address: ClusterAddress, found: Standing) -> Iterator[str]:
    if found.only_in:
        yield f"only namespace {found.only_in} could be looked at"
    if found.unseen:
        yield f"not allowed to list there, so left out: {', '.join(found.unseen)}"
    for run in found.runs:
        yield from _run_lines(address, run)
    for change in found.opened:
        doing = "under way" if change.run in found.under_way else "not undone"
        yield f"{doing}: {change.what}"
        yield f"  {change.recovery}"
    for problem in found.unread:
        yield f"cannot be read: {problem.message}"
    for where, why in found.mirrors.unread:
        yield f"cannot be read: {why}"
        yield f"  look at it; where nothing is to be undone: {by_hand(MIRROR_NAME, where)}"
    for odd in _of_nobody(found):
        yield f"of nobody: {odd}"
    if not found.runs and not found.opened and found.is_clear:
        yield "no run is under way, and nothing is left of any"


def _of_nobody(found: Standing) -> list[str]:
    unread = {why for _, why in found.mirrors.unread}
    return [odd for odd in found.mirrors.odd if odd not in unread]


def _run_lines(address: ClusterAddress, run: RunLeftovers) -> Iterator[str]:
    yield f"run {run.run}, {run.life.value}{_held(run.holder)}: {run.why}"
    for left in run.objects:
        yield f"  {left.describe()}"
    for owner in run.owners:
        yield f"  {owner}, which does not carry the run's label, but owns what does"
    if run.life in (Life.OVER, Life.MAYBE):
        yield f"  if it is over: {address.cleanup('' if run.life is Life.OVER else run.run)}"


def _held(holder: Holder | None) -> str:
    return (
        "" if holder is None else f", by {holder.who or 'nobody'}, in namespace {holder.namespace} since {holder.since}"
    )


def _document(cluster: Cluster, found: Standing, code: int) -> dict[str, Any]:
    runs = []
    for run in found.runs:
        holder = run.holder
        runs.append(
            {
                "run": run.run,
                "life": run.life.value,
                "why": run.why,
                "by": (holder.who or "nobody") if holder else None,
                "namespace": holder.namespace if holder else None,
                "since": holder.since if holder else None,
                "objects": [
                    {"kind": one.kind, "namespace": one.namespace, "name": one.name, "uid": one.uid}
                    for one in run.objects
                ],
                "owners": sorted(run.owners),
            }
        )
    return {
        "cluster": cluster.name,
        "server": cluster.server,
        "only_in": found.only_in or None,
        "unseen": list(found.unseen),
        "runs": runs,
        "not_undone": [
            {"run": one.run, "change": one.change, "namespace": one.where or None, "recovery": one.recovery}
            for one in found.opened
        ],
        "unread": [*(problem.message for problem in found.unread), *(why for _, why in found.mirrors.unread)],
        "of_nobody": _of_nobody(found),
        "exit_code": code,
    }
