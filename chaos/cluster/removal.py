"""Removing what a run made, with what that owns or leaves behind, and making sure of it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

from chaos.clock import RunClock
from chaos.cluster.belonging import Belongings, claims_of, foreign_in, is_orphan_of, left_behind
from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.later import later, not_yet
from chaos.cluster.mirror import Copy
from chaos.errors import ApiError, ChaosError, InUseError, RollbackError, UnprovenError
from chaos.visible import visible

_POLL_S = 0.1
# Long enough for a pod that ignores SIGTERM and whose grace period an admission controller raised.
_GONE_WITHIN_S = 90.0
# The demo's containers hold nothing worth a long goodbye.
_CLEANUP_GRACE_S = 1
_NOT_FOUND, _CONFLICT = 404, 409
_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job")
_SHOWN = 10


class Removal:
    """Deletes what a journal says was made.

    Args:
        must_prove: whether the journal alone is no proof, so that the live object has to carry the run's label.
    """

    def __init__(self, cluster: Cluster, journal: Journal, clock: RunClock, *, must_prove: bool) -> None:
        self._cluster = cluster
        self._journal = journal
        self._clock = clock
        self._must_prove = must_prove

    async def remove(self, entry: UndoEntry) -> str:
        """Delete what was created, if it is what the run created.

        Returns:
            What was done, for people.

        Raises:
            RollbackError: it could not be deleted.
        """
        kind, name, namespace, what = entry.kind, entry.name, entry.namespace, entry.what
        try:
            found = await self._cluster.get(kind, name, namespace)
            if found is None:
                if kind in _WORKLOADS:
                    await self._delete_and_wait(entry, None)
                return f"{what} is gone"
            if not self._is_ours(entry, found):
                return f"{what} is no longer the one that this run made; left alone"
            if kind == "Namespace":
                await self._check_unused(entry)
            await self._delete_and_wait(entry, found)
        except RollbackError:
            raise
        except ChaosError as exc:
            raise not_yet(self._journal, entry, f"{what} could not be deleted: {exc.message}", exc) from exc
        return f"deleted {what}"

    async def is_gone(self, entry: UndoEntry) -> bool:
        """Whether it is, with its pods and what it leaves behind.

        Raises:
            ChaosError: it cannot be read.
        """
        found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
        if found is not None and self._is_ours(entry, found):
            return False
        if entry.kind in _WORKLOADS and await self._pods_of(entry):
            return False
        left = await self._left_behind(entry, orphans=True) if found is None else []
        return all(row["metadata"].get("deletionTimestamp") for row in left)

    def _label_of(self, entry: UndoEntry) -> str:
        return entry.run or str(self._journal.run["id"])

    def _is_ours(self, entry: UndoEntry, found: Object) -> bool:
        """Whether a live object is the one that the run made.

        Raises:
            UnprovenError: a file says so, and the object does not.
        """
        meta = found["metadata"]
        if entry.uid and meta["uid"] != entry.uid:
            return False
        run = self._label_of(entry)
        if (meta.get("labels") or {}).get(RUN_LABEL) == run:
            if self._must_prove and not Belongings(run, None).has(found):
                raise UnprovenError(
                    f"{entry.what} was left alone: it carries the label of the run, and another client wrote it",
                    hint=f"only {self._journal.path} says that the run did: look at it, and delete it yourself if so",
                )
            return True
        if entry.uid and self._must_prove:
            raise UnprovenError(
                f"{entry.what} was left alone: it does not carry the label of the run, {RUN_LABEL}={run}",
                hint=f"only {self._journal.path} says that the run made it: look at it, and delete it yourself if so",
            )
        return bool(entry.uid)

    async def _check_unused(self, entry: UndoEntry) -> None:
        """Raises InUseError: somebody else has put something into a namespace, which would go with it."""
        # A clean-up has found the run's objects by their label, so its journal has not all of them; nor has a mirror
        # what the run made after it was written.
        is_partial = bool(entry.run) or isinstance(self._journal, Copy)
        mine = Belongings(self._label_of(entry), None if is_partial else self._journal.entries.values())
        foreign = await foreign_in(self._cluster, entry.name, mine)
        if foreign:
            what = f"somebody else has put things into it: {_listed(foreign)}"
            raise InUseError(
                visible(f"{entry.what} was left alone: {what}", line=True),
                hint=f"move them, then: {self._journal.recovery()}   or: kubectl delete namespace {entry.name}",
            )

    async def _delete_and_wait(self, entry: UndoEntry, found: Object | None) -> None:
        """Delete it with what it owns; where it is gone already, or goes without that, what it leaves behind."""
        hurried: set[str] = set()
        meta = found["metadata"] if found is not None else {}
        uid, orphans = str(meta.get("uid", "")), not meta or "orphan" in (meta.get("finalizers") or ())
        # Known beforehand, so that they get their short grace before the garbage collector gives them their long one,
        # which a kubelet does not shorten once it waits for it.
        pods = await self._pods_of(entry)
        if uid:
            orphans |= not await self._ask(entry.kind, entry.name, entry.namespace, uid)
        else:
            await self._delete_left_behind(entry, orphans=True)
        await asyncio.gather(*(self._hurry(pod, hurried) for pod in pods))
        deadline_s = self._clock.now_s() + _GONE_WITHIN_S
        while True:
            pods = await self._pods_of(entry)
            await asyncio.gather(*(self._hurry(pod, hurried) for pod in pods))
            found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
            if (found is None or found["metadata"]["uid"] != uid) and not pods:
                await self._delete_left_behind(entry, orphans=orphans)
                return
            if self._clock.now_s() > deadline_s:
                raise self._not_gone(entry, pods, is_there=found is not None and found["metadata"]["uid"] == uid)
            await asyncio.sleep(_POLL_S)

    def _not_gone(self, entry: UndoEntry, pods: list[Object], *, is_there: bool) -> RollbackError:
        """What is told of a deletion that was accepted and did not come about: pods stay on a node that is gone."""
        after = f"{_GONE_WITHIN_S:.0f} s after"
        names = [str(pod["metadata"]["name"]) for pod in pods]
        why, hint = f"it was not gone {after} its deletion was accepted", later(self._journal, entry)
        if names:
            listed = _listed([f"Pod {name}" for name in names])
            why = f"not gone {after} their deletion was accepted: {listed}"
        if names and not is_there:
            where = entry.namespace or entry.name
            by_hand = shlex.join(["kubectl", "delete", "pod", *names[:_SHOWN], "-n", where, "--force"])
            hint = f"later: {self._journal.recovery()}   or, where their node is gone for good: {by_hand}"
        return RollbackError(visible(f"{entry.what} could not be deleted: {why}", line=True), hint=hint, may_pass=True)

    async def _pods_of(self, entry: UndoEntry) -> list[Object]:
        """The pods that go with what an entry created."""
        if entry.kind == "Namespace":
            return (await self._cluster.list("Pod", entry.name))[0]
        if entry.kind not in _WORKLOADS:
            return []
        pods, _ = await self._cluster.list("Pod", entry.namespace, f"{RUN_LABEL}={self._label_of(entry)}")
        return [pod for pod in pods if _owned_by(pod, entry) or is_orphan_of(pod, entry.name)]

    async def _left_behind(self, entry: UndoEntry, *, orphans: bool) -> list[Object]:
        """Volume claims outlive the StatefulSet that made them; so does what it owned, where it was deleted without."""
        run, namespace = self._label_of(entry), entry.namespace
        rows = await left_behind(self._cluster, entry.kind, entry.name, namespace, run) if orphans else []
        if entry.kind == "StatefulSet":
            rows += await claims_of(self._cluster, entry.name, namespace, run)
        return rows

    async def _delete_left_behind(self, entry: UndoEntry, *, orphans: bool) -> None:
        for row in await self._left_behind(entry, orphans=orphans):
            await self._ask(row["kind"], row["metadata"]["name"], entry.namespace, row["metadata"]["uid"])

    async def _ask(self, kind: str, name: str, namespace: str, uid: str) -> bool:
        """Ask for its deletion; False where it was gone already, so that somebody else said how."""
        try:
            await self._cluster.delete(kind, name, namespace, uid=uid, propagation="Background")
        except ApiError as exc:
            if exc.status not in (_NOT_FOUND, _CONFLICT):
                raise
            return False
        return True

    async def _hurry(self, pod: Object, hurried: set[str]) -> None:
        """Shorten a pod's grace period, once."""
        uid = str(pod["metadata"]["uid"])
        if uid in hurried:
            return
        hurried.add(uid)
        try:
            await self._cluster.delete(
                "Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], uid=uid, grace_s=_CLEANUP_GRACE_S
            )
        except ApiError as exc:
            if exc.status not in (_NOT_FOUND, _CONFLICT):
                raise


def _listed(things: Sequence[str]) -> str:
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return ", ".join(things[:_SHOWN]) + more


def _owned_by(pod: Object, entry: UndoEntry) -> bool:
    """Whether a pod stems from the workload that an entry created, directly or through a ReplicaSet of its name.

    Its UID alone is not enough: a file may give anybody's.
    """
    owners = pod["metadata"].get("ownerReferences") or []
    return any(
        (owner["uid"] == entry.uid and owner["name"] == entry.name)
        or (
            (entry.kind, owner["kind"]) == ("Deployment", "ReplicaSet")
            and owner["name"].rpartition("-")[0] == entry.name
        )
        for owner in owners
    )
