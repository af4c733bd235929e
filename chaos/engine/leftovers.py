"""What runs left in a cluster, found by its labels; and whether the run may still be under way."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from chaos.agents.manifests import ALONE_S
from chaos.cluster.belonging import Belongings, claims_made_by, foreign_in
from chaos.cluster.client import API_VERSIONS, CLUSTER_WIDE, NEVER_MADE, Cluster
from chaos.cluster.journal import FIX_PREFIX, RUN_LABEL, Journal
from chaos.engine.kept import is_about
from chaos.engine.lease import Holder, holder
from chaos.engine.owners import living_owners
from chaos.engine.renewals import Renewals
from chaos.errors import ApiError, PreflightError
from chaos.model.object import Object

_NOT_FOUND, _FORBIDDEN = 404, 403
# A run whose newest object is younger may still be under way: for so long the Leases of older versions hold.
_RUN_S = 3600
# They go with their StatefulSet unless it was deleted without them, and do nothing by themselves.
_MAY_BE_HIDDEN = ("ControllerRevision",)
# A Deployment, its ReplicaSet, its pods.
_GENERATIONS = 2


class Life(Enum):
    """What is known about a run."""

    OVER = "over"
    MAYBE = "may be under way"
    ALIVE = "under way"
    KEPT = "made to stay"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One object.

    Attributes:
        made_s: when, in seconds since 1970 by the API server's clock.
        holds: what somebody else has put into it, so that it must stay.
    """

    kind: str
    name: str
    namespace: str
    uid: str
    made_s: float
    holds: tuple[str, ...] = ()

    def describe(self) -> str:
        """For people."""
        return _words(self.kind, self.name, self.namespace)


def _words(kind: str, name: str, namespace: str) -> str:
    return f"{kind} {name}" + (f" in namespace {namespace}" if namespace else "")


def _deletion(obj: Object) -> str:
    meta = obj["metadata"]
    where = ("-n", meta["namespace"]) if meta["namespace"] else ()
    return shlex.join(["kubectl", "delete", obj["kind"].lower(), meta["name"], *where])


def _described(obj: Object) -> str:
    return _words(obj["kind"], str(obj["metadata"]["name"]), str(obj["metadata"].get("namespace", "")))


@dataclass(slots=True)
class RunLeftovers:
    """What one run left.

    Attributes:
        why: the run is taken for over, or for alive.
        holder: what its Lease says; None: it has none, or it may not be read.
        copies: what carries the run's label and is not its own, in words.
        owners: what carries no label, and owns what does, by the words for it: the command that deletes it.
    """

    run: str
    life: Life
    why: str
    holder: Holder | None = None
    objects: list[Leftover] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)


async def find(
    cluster: Cluster,
    journals: Iterable[Journal],
    over: frozenset[str],
    namespace: str = "",
    unseen: list[str] | None = None,
    renewals: Renewals | None = None,
) -> list[RunLeftovers]:
    """Everything that carries a run's label, by run.

    Args:
        cluster: to be looked at.
        journals: of runs of this machine, on any cluster.
        over: runs that somebody says are over.
        namespace: that is looked at alone; empty: all are.
        unseen: is told the kinds that may not be listed; None: that is an error.
        renewals: of Leases, which are watched before their runs are called over; None: nothing is done about them.

    Raises:
        PreflightError: not all of it may be read.
    """
    known = {str(j.run["id"]): j for j in journals if await is_about(cluster, j)}
    nobody: frozenset[str] = frozenset()
    renewed, gone = await renewals.of_runs(cluster, known, over, namespace) if renewals else (nobody, nobody)
    found = await _labelled(cluster, namespace, unseen)
    _, now_s, _ = await cluster.server_date()
    runs: dict[str, RunLeftovers] = {}
    taken = await _taken_over(cluster, found, namespace, unseen)
    theirs = {obj["metadata"]["uid"] for obj in taken}
    found, copies = _without_copies([obj for obj in found if obj["metadata"]["uid"] not in theirs], known)
    copies += taken
    rows = _without_followers(found)
    for run in sorted({_run_of(obj) for obj in rows}):
        mine = [obj for obj in found if _run_of(obj) == run]
        leases = [holder(obj, now_s) for obj in mine if obj["kind"] == "Lease"]
        life, why = _life(run, mine, leases, known.get(run), now_s)
        if run in renewed:
            life, why = Life.ALIVE, "its Lease was renewed just now, whatever time the server says it is"
        elif run in gone and not leases:
            life, why = Life.MAYBE, "its Lease went away just now, so somebody is at it: look again in a while"
        if run in over and life is Life.MAYBE:
            life, why = Life.OVER, "you say so"
        runs[run] = RunLeftovers(run, life, why, next(iter(leases), None))
    owners = await living_owners(cluster, found)
    for obj in rows:
        if of := [owners[uid] for uid in sorted(_owners(obj)) if uid in owners]:
            runs[_run_of(obj)].owners |= {_described(one): _deletion(one) for one in of}
            continue
        runs[_run_of(obj)].objects.append(await _leftover(cluster, obj, known.get(_run_of(obj))))
    for run_left in runs.values():
        run_left.objects += await _volumes(cluster, found, run_left.run)
        run_left.copies += [_described(obj) for obj in copies if _run_of(obj) == run_left.run]
    return list(runs.values())


async def find_where_allowed(
    cluster: Cluster,
    journals: Iterable[Journal],
    over: frozenset[str],
    namespace: str,
    renewals: Renewals | None = None,
) -> tuple[list[RunLeftovers], str, list[str]]:
    """The same, in one namespace where not all may be looked at: what was found, that namespace, kinds left out there.

    Raises:
        ApiError: it may not be read, and no namespace is named.
    """
    try:
        return await find(cluster, journals, over, renewals=renewals), "", []
    except ApiError as exc:
        if exc.status != _FORBIDDEN or not namespace:
            raise
    unseen: list[str] = []
    return await find(cluster, journals, over, namespace, unseen, renewals), namespace, unseen


async def _labelled(cluster: Cluster, namespace: str, unseen: list[str] | None) -> list[Object]:
    found: list[Object] = []
    for kind in sorted(API_VERSIONS.keys() - NEVER_MADE - (CLUSTER_WIDE if namespace else frozenset())):
        try:
            found += (await cluster.list(kind, namespace, RUN_LABEL))[0]
        except ApiError as exc:
            if exc.status == _NOT_FOUND:
                continue  # this server has no such kind, so nobody made one
            if exc.status == _FORBIDDEN and kind in _MAY_BE_HIDDEN:
                continue
            if exc.status == _FORBIDDEN and unseen is not None:
                unseen.append(kind)
                continue
            if exc.status == _FORBIDDEN:
                exc.hint = "cleaning up needs to list what this tool makes in all namespaces"
            raise
    return found


async def _taken_over(cluster: Cluster, found: list[Object], namespace: str, unseen: list[str] | None) -> list[Object]:
    """Volume claims that another StatefulSet of the same name uses by now, or may use where none can be listed."""
    claims = _claims(found)
    if claims and unseen is not None and "StatefulSet" in unseen:
        unseen.append("PersistentVolumeClaim")
    if not claims or "StatefulSet" in (unseen or ()):
        return claims
    mine = {obj["metadata"]["uid"] for obj in found}
    sets, _ = await cluster.list("StatefulSet", namespace)
    return claims_made_by([one for one in sets if one["metadata"]["uid"] not in mine], claims)


def _claims(found: list[Object]) -> list[Object]:
    return [obj for obj in found if obj["kind"] == "PersistentVolumeClaim"]


def _run_of(obj: Object) -> str:
    return str(obj["metadata"]["labels"][RUN_LABEL])


def _without_copies(found: list[Object], known: dict[str, Journal]) -> tuple[list[Object], list[Object]]:
    """Objects that runs made; and objects that only carry a copied label, with all that these own."""
    runs = {_run_of(obj) for obj in found}
    mine = {run: Belongings(run, j.entries.values() if (j := known.get(run)) else None) for run in runs}
    copies = [obj for obj in found if not mine[_run_of(obj)].has(obj) and not _owners(obj)]
    sets = [obj for obj in copies if obj["kind"] == "StatefulSet"]
    uids = {obj["metadata"]["uid"] for obj in copies}
    more = [obj for obj in claims_made_by(sets, _claims(found)) if obj["metadata"]["uid"] not in uids]
    copies, uids = [*copies, *more], uids | {obj["metadata"]["uid"] for obj in more}
    for _ in range(_GENERATIONS):
        uids |= {obj["metadata"]["uid"] for obj in found if _owners(obj) & uids}
    return [obj for obj in found if obj["metadata"]["uid"] not in uids], copies


def _owners(obj: Object) -> set[str]:
    return {str(owner["uid"]) for owner in obj["metadata"].get("ownerReferences") or ()}


def _without_followers(found: list[Object]) -> list[Object]:
    """Without what goes with its owner, or with its namespace."""
    uids = {obj["metadata"]["uid"] for obj in found}
    gone_with = {obj["metadata"]["name"] for obj in found if obj["kind"] == "Namespace"}
    rows = []
    for obj in found:
        meta = obj["metadata"]
        owned = any(owner["uid"] in uids for owner in meta.get("ownerReferences") or [])
        if not owned and meta.get("namespace") not in gone_with:
            rows.append(obj)
    return rows


async def _leftover(cluster: Cluster, obj: Object, journal: Journal | None) -> Leftover:
    meta = obj["metadata"]
    holds: tuple[str, ...] = ()
    if obj["kind"] == "Namespace":
        mine = Belongings(_run_of(obj), journal.entries.values() if journal else None)
        holds = await foreign_in(cluster, meta["name"], mine)
    where = "" if obj["kind"] in CLUSTER_WIDE else str(meta.get("namespace", ""))
    return Leftover(obj["kind"], meta["name"], where, meta["uid"], _made_s(obj), holds)


async def _volumes(cluster: Cluster, found: list[Object], run: str) -> list[Leftover]:
    """Volumes of a run's claims, which stay where their class retains them."""
    claims = {
        (obj["metadata"].get("namespace"), obj["metadata"]["name"]): obj["metadata"]["uid"]
        for obj in found
        if obj["kind"] == "PersistentVolumeClaim" and _run_of(obj) == run
    }
    if not claims:
        return []
    try:
        volumes, _ = await cluster.list("PersistentVolume")
    except ApiError as exc:
        if exc.status in (_NOT_FOUND, _FORBIDDEN):
            return []  # where they are not retained they go with their claims
        raise
    rows = []
    for volume in volumes:
        spec = volume["spec"]
        claim = spec.get("claimRef") or {}
        uid = claims.get((claim.get("namespace"), claim.get("name")))
        of_ours = uid is not None and uid == claim.get("uid")
        if of_ours and spec.get("persistentVolumeReclaimPolicy") == "Retain":
            meta = volume["metadata"]
            rows.append(Leftover("PersistentVolume", meta["name"], "", meta["uid"], _made_s(volume)))
    return rows


def _made_s(obj: Object) -> float:
    return datetime.fromisoformat(obj["metadata"]["creationTimestamp"]).astimezone(UTC).timestamp()


def _life(
    run: str, mine: list[Object], leases: list[Holder], journal: Journal | None, now_s: float
) -> tuple[Life, str]:
    """Whether a run may still be under way."""
    if run.startswith(FIX_PREFIX):
        where = journal.recovery() if journal else "chaos recover, where its journal is,"
        return Life.KEPT, f"chaos diagnose --fix made it; {where} undoes it"
    alive = next((one for one in leases if one.is_alive), None)
    if journal is not None:
        with contextlib.suppress(PreflightError):  # the file cannot tell whether its run is alive
            if journal.is_live():
                return Life.ALIVE, f"a process of this machine holds {journal.path}"
            # With a Lease that another machine holds this file is a copy, or on a disk that both machines share.
            if not any(one.lasts_s and one.may_come_back and not one.is_here for one in leases):
                return Life.OVER, f"its journal says so ({journal.path.parent})"
    if alive is not None:
        return Life.ALIVE, f"its Lease is renewed: {alive.describe()}"
    return _life_without_journal(mine, leases, now_s)


def _life_without_journal(mine: list[Object], leases: list[Holder], now_s: float) -> tuple[Life, str]:
    """What Leases, agents and age tell of a run that another machine may be at."""
    newest_s = now_s - max(_made_s(obj) for obj in mine)
    age = f"the newest of it was made {_ago(newest_s)} ago"
    agents = [obj for obj in mine if obj["kind"] == "Job" and (obj.get("status") or {}).get("active")]
    if agents and min(now_s - _made_s(job) for job in agents) > 2 * ALONE_S:
        return Life.ALIVE, f"its agents are at work, and they end {ALONE_S} s after their runner is gone"
    silent = next((one for one in leases if one.lasts_s), None)
    if silent is not None:
        life = Life.MAYBE if silent.may_come_back else Life.OVER
        return life, f"its Lease is not renewed any more: {silent.describe()}"
    if newest_s < _RUN_S:
        return Life.MAYBE, f"{age}, and its journal is not here: another machine may be at it"
    return Life.OVER, age


def _ago(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * _RUN_S else f"{seconds / 3600:.0f} h"
