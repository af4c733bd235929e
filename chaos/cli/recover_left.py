"""`chaos recover FOLDER` where the folder has nothing to undo: its run's mirror may still be in the cluster.

That is so where the journal was lost, emptied or cut off, or the mirror could not be taken away at the run's end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chaos.cli.console import SteadfastConsole
from chaos.cli.recover_cluster import is_open
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.entry import FIX_PREFIX, run_of
from chaos.cluster.journal import JOURNAL, Journal, is_unbegun
from chaos.cluster.mirror import find_mirrors
from chaos.cluster.signing import user_key
from chaos.engine.mirrors import unreadable
from chaos.errors import ChaosError, PreflightError, UsageError
from chaos.model.private import NOT_OURS, read_file
from chaos.model.recording import RUN

_MOST_BYTES = 64 << 20
_IN_CLUSTER = ClusterAddress(in_cluster=True).describe()
_CONTEXT = "context "


@dataclass(frozen=True, slots=True)
class Trace:
    """What a folder tells of its run.

    Attributes:
        context: of the user's kubeconfig; empty: it does not say.
        in_cluster: whether it was the pod that it ran in instead.
        namespace: that it worked in.
        is_whole: whether its journal can be read, so that what it says of what was undone counts.
    """

    run: str
    fingerprint: str
    context: str
    in_cluster: bool
    namespace: str
    is_whole: bool


def trace_of(folder: Path) -> Trace | None:
    """By its journal, else by its run.json; None where neither tells, or the run can have left nothing."""
    try:
        return _by_journal(folder) or _by_document(folder)
    except (OSError, *NOT_OURS):
        return None


def _by_journal(folder: Path) -> Trace | None:
    path = folder / JOURNAL
    if is_unbegun(path):
        return None
    try:
        run = Journal.load(path, user_key().data).run
    except UsageError:
        return None
    return _trace(run, is_whole=True)


def _by_document(folder: Path) -> Trace | None:
    head = json.loads(read_file(folder / RUN, _MOST_BYTES))
    place = str(head["environment"]["place"])
    run = {
        "id": f"{head['experiment']}-{folder.absolute().name}".lower(),
        "fingerprint": head["environment"]["cluster_fingerprint"],
        "context": place.removeprefix(_CONTEXT) if place.startswith(_CONTEXT) else "",
        "in_cluster": place == _IN_CLUSTER,
        "namespace": head["target"]["namespace"],
        "simulated": head["simulated"],
    }
    return _trace(run_of(run), is_whole=False)


def _trace(run: dict[str, object], *, is_whole: bool) -> Trace | None:
    if run.get("simulated") or str(run["id"]).startswith(FIX_PREFIX):
        return None
    return Trace(
        run=str(run["id"]),
        fingerprint=str(run["fingerprint"]),
        context=str(run.get("context", "")),
        in_cluster=bool(run.get("in_cluster")),
        namespace=str(run.get("namespace", "")),
        is_whole=is_whole,
    )


async def left_in_cluster(
    folder: Path, named: ClusterAddress | None, kubeconfig: Path | None, console: SteadfastConsole
) -> list[ChaosError]:
    """What the cluster of a folder's run says is to be undone; nothing of it is.

    Args:
        folder: of the run; its journal leaves nothing to be undone.
        named: the cluster, where the user names one.
        kubeconfig: where the folder's own context is looked up.
        console: is told what could not be asked.
    """
    trace = trace_of(folder)
    if trace is None:
        return []
    address = named or ClusterAddress(trace.context, kubeconfig, trace.in_cluster and kubeconfig is None)
    try:
        return await _look(trace, address)
    except ChaosError as exc:
        if not trace.is_whole:
            return [exc]
        console.tell_line(f"whether its cluster still says otherwise could not be asked: {exc.message}")
        return []


async def _look(trace: Trace, address: ClusterAddress) -> list[ChaosError]:
    if not (address.context or address.in_cluster):
        raise UsageError(
            f"nothing tells in which cluster run {trace.run} may have left something", hint="name one with --context"
        )
    cluster = await connect(address, trace.namespace)
    try:
        if not await cluster.is_the_one(trace.fingerprint):
            raise PreflightError(
                f"{cluster.name} is not the cluster that run {trace.run} was on", hint="name the right one: --context"
            )
        mirrors = await find_mirrors(cluster, trace.namespace, trace.run)
        left = [
            is_open(copy, mirrors.recovery(address, copy))
            for copy in mirrors.copies
            if copy.run["id"] == trace.run and (copy.outside or copy.unfit)
        ]
        return [*left, *unreadable(mirrors, trace.namespace)]
    finally:
        await cluster.close()
