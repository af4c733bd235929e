"""Taking changes back, one by one."""

from __future__ import annotations

import asyncio
import json

from chaos.clock import RunClock
from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.shell import run_shell
from chaos.errors import ApiError, ChaosError, RollbackError

_POLL_S = 0.1
# Long enough for a pod that ignores SIGTERM and whose grace period an admission controller raised.
_GONE_WITHIN_S = 90.0
# The demo's containers hold nothing worth a long goodbye.
_CLEANUP_GRACE_S = 1
_NOT_FOUND, _CONFLICT = 404, 409
_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job")
_TRIES = 5
COMMAND_WITHIN_S = 60.0


class Undo:
    """Undoes what a journal says.

    Args:
        run_id: of the run whose changes these are.
        run_commands: whether shell commands of the journal are run. A run's own were given on its command line; those
            of a journal that is read back come from a file, so whoever recovers must have said so.
    """

    def __init__(
        self, cluster: Cluster, journal: Journal, clock: RunClock, run_id: str, *, run_commands: bool = True
    ) -> None:
        self._cluster = cluster
        self._journal = journal
        self._clock = clock
        self._run_id = run_id
        self._run_commands = run_commands

    async def undo(self, entry: UndoEntry) -> str:
        """Undo one change; returns what was done about it, for people.

        Raises:
            RollbackError: it could not be undone.
        """
        kind, name, namespace = entry.kind, entry.name, entry.namespace
        what = f"{kind} {name}" + (f" in namespace {namespace}" if namespace else "")
        if entry.undo == "command":
            await self._run_command(entry)
            self._journal.update(entry, "undone")
            return f"ran `{entry.command}`"
        if entry.undo == "restore":
            done = await self._restore(entry, what)
            self._journal.update(entry, "undone")
            return done
        try:
            found = await self._cluster.get(kind, name, namespace)
            if found is None:
                done = f"{what} is gone"
                if kind == "StatefulSet":
                    await self._delete_claims(namespace)
            elif not self._is_ours(entry, found):
                done = f"{what} is no longer the one that this run made; left alone"
            else:
                await self._delete_and_wait(entry, str(found["metadata"]["uid"]))
                done = f"deleted {what}"
        except ChaosError as exc:
            raise RollbackError(
                f"{what} could not be deleted: {exc.message}",
                hint=f"later: chaos recover {self._journal.path.parent}   or: kubectl delete {kind.lower()} {name}"
                + (f" -n {namespace}" if namespace else ""),
            ) from exc
        self._journal.update(entry, "undone")
        return done

    async def _run_command(self, entry: UndoEntry) -> None:
        """Raises RollbackError: it failed, or may not be run."""
        if not self._run_commands:
            raise RollbackError(
                f"{entry.kind} {entry.name} may be cut off: the run had done {entry.change.removeprefix('run ')}",
                hint=f"what takes it back: {entry.command}\n  read it, then run it, or: "
                f"chaos recover {self._journal.path.parent} --run-commands",
            )
        try:
            await run_shell(entry.command, COMMAND_WITHIN_S)
        except ChaosError as exc:
            raise RollbackError(exc.message, hint=f"run it by hand: {entry.command}") from exc

    async def _restore(self, entry: UndoEntry, what: str) -> str:
        """Put the old values back, as long as the object has those that this run gave it.

        Raises:
            RollbackError: it has others by now, or the API server refused.
        """
        restore = entry.restore or {}
        where = f" -n {entry.namespace}" if entry.namespace else ""
        by_hand = f"kubectl patch {entry.kind.lower()} {entry.name}{where} --type merge -p '{json.dumps(restore)}'"
        try:
            for _ in range(_TRIES):
                found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
                if found is None or str(found["metadata"]["uid"]) != entry.uid:
                    return f"{what} is no longer the one that was changed; left alone"
                if has_values(found, restore):
                    return f"{what} has its old values"
                if not has_values(found, entry.applied or {}):
                    break
                if await self._patched(entry, found["metadata"]["resourceVersion"], restore):
                    return f"put {what} back"
        except ChaosError as exc:
            raise RollbackError(f"{what} could not be put back: {exc.message}", hint=by_hand) from exc
        raise RollbackError(
            f"{what} was changed by somebody else after this run had changed it, so it was left alone",
            hint=f"look at it; what puts it back: {by_hand}",
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

    def _is_ours(self, entry: UndoEntry, found: Object) -> bool:
        meta = found["metadata"]
        if entry.uid:
            return bool(meta["uid"] == entry.uid)
        return bool((meta.get("labels") or {}).get(RUN_LABEL) == self._run_id)

    async def _delete_and_wait(self, entry: UndoEntry, uid: str) -> None:
        hurried: set[str] = set()
        # Known beforehand, so that they get their short grace before the garbage collector gives them their long one,
        # which a kubelet does not shorten once it waits for it.
        pods = await self._pods_of(entry)
        try:
            await self._cluster.delete(entry.kind, entry.name, entry.namespace, uid=uid, propagation="Background")
        except ApiError as exc:
            if exc.status not in (_NOT_FOUND, _CONFLICT):
                raise
        await asyncio.gather(*(self._hurry(pod, hurried) for pod in pods))
        deadline_s = self._clock.now_s() + _GONE_WITHIN_S
        while True:
            pods = await self._pods_of(entry)
            await asyncio.gather(*(self._hurry(pod, hurried) for pod in pods))
            found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
            if (found is None or found["metadata"]["uid"] != uid) and not pods:
                if entry.kind == "StatefulSet":
                    await self._delete_claims(entry.namespace)
                return
            if self._clock.now_s() > deadline_s:
                raise ApiError(f"it was not gone {_GONE_WITHIN_S:.0f} s after its deletion was accepted")
            await asyncio.sleep(_POLL_S)

    async def _pods_of(self, entry: UndoEntry) -> list[Object]:
        """The pods that go with what an entry created."""
        if entry.kind == "Namespace":
            return (await self._cluster.list("Pod", entry.name))[0]
        if entry.kind not in _WORKLOADS:
            return []
        pods, _ = await self._cluster.list("Pod", entry.namespace, f"{RUN_LABEL}={self._run_id}")
        return [pod for pod in pods if _owned_by(pod, entry)]

    async def _delete_claims(self, namespace: str) -> None:
        """Volume claims outlive the StatefulSet that made them."""
        claims, _ = await self._cluster.list("PersistentVolumeClaim", namespace, f"{RUN_LABEL}={self._run_id}")
        for claim in claims:
            meta = claim["metadata"]
            try:
                await self._cluster.delete("PersistentVolumeClaim", meta["name"], namespace, uid=meta["uid"])
            except ApiError as exc:
                if exc.status not in (_NOT_FOUND, _CONFLICT):
                    raise

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


def has_values(found: Object, patch: Object) -> bool:
    """Whether an object looks as if the merge patch had just been applied."""
    for key, value in patch.items():
        if isinstance(value, dict):
            if not has_values(found.get(key) or {}, value):
                return False
        elif value != found.get(key):
            return False
    return True


def _owned_by(pod: Object, entry: UndoEntry) -> bool:
    """Whether a pod stems from the workload that an entry created, directly or through a ReplicaSet of its name."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(
        owner["uid"] == entry.uid or (entry.kind == "Deployment" and owner["name"].startswith(entry.name + "-"))
        for owner in owners
    )
