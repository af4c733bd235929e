"""Taking changes back, one by one.

A run believes its own journal, and so does whoever recovers, where the user's key signed each line of it
(`chaos.cluster.signing`). Any other journal that is read back is a file that anybody may have written, so there the
cluster must agree before anything is touched:

- an entry is of a kind, with a name and a namespace, that this tool changes (`UndoEntry.why_unfit`);
- what is deleted carries the run's label, whatever UID the file gives;
- what is restored has the UID and every value that the run is said to have set, and the patch touches no other field,
  and nothing that says what an object is, whose it is, or what runs in it (`restoring.why_not_put_back`);
- a mirror speaks of its own namespace, of nodes, of cluster DNS, and of what carries the run's label elsewhere;
- a shell command runs only where whoever recovers said so, having read it, whoever signed it.

What is left to somebody who writes a journal for a cluster that he can read: to have what a run made removed, even
while it is under way on another machine, and to have fields of a spec, data, labels or annotations changed whose
values, and whose object's UID, he knows. `chaos recover` shows each such patch before it is sent.
"""

from __future__ import annotations

import asyncio
import json
import shlex

from chaos.clock import RunClock
from chaos.cluster.belonging import Belongings, claims_of, foreign_in, is_orphan_of, left_behind
from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.mirror import Copy
from chaos.cluster.shell import run_hook, run_shell
from chaos.cluster.values import has_values
from chaos.errors import ApiError, ChaosError, InUseError, RollbackError, UnprovenError
from chaos.visible import visible

_POLL_S = 0.1
# Long enough for a pod that ignores SIGTERM and whose grace period an admission controller raised.
_GONE_WITHIN_S = 90.0
# The demo's containers hold nothing worth a long goodbye.
_CLEANUP_GRACE_S = 1
_NOT_FOUND, _CONFLICT = 404, 409
_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job")
_TRIES = 5
_SHOWN = 10
COMMAND_WITHIN_S = 60.0
# What an after hook is told of a run that did not live to conclude anything, as run.json says it.
_KILLED = "incomplete"


class Undo:
    """Undoes what a journal says.

    Args:
        read_back: whether the journal is a file that was read, and not this process's own.
        run_commands: whether shell commands of a journal that was read back are run.
    """

    def __init__(
        self,
        cluster: Cluster,
        journal: Journal,
        clock: RunClock,
        *,
        read_back: bool = False,
        run_commands: bool = False,
    ) -> None:
        self._cluster = cluster
        self._journal = journal
        self._clock = clock
        self._read_back = read_back and not journal.is_signed
        self._run_commands = run_commands or not read_back

    async def undo(self, entry: UndoEntry) -> str:
        """Undo one change; returns what was done about it, for people.

        Raises:
            RollbackError: it could not be undone.
            UnprovenError: nothing but a file says that it is to be undone.
        """
        why = entry.why_unfit() if self._read_back else ""
        if self._read_back and isinstance(self._journal, Copy):
            why = why or self._journal.why_beyond(entry)
        if why:
            raise UnprovenError(
                visible(f"{entry.what} was left alone ({entry.change}): {why}", line=True),
                hint=f"look at it; unless that is elsewhere, {self._journal.path} is damaged or not of this tool",
            )
        if entry.undo == "hook":
            await self._run_hook(entry)
            done = "ran the after hook"
        elif entry.undo == "command":
            await self._run_command(entry)
            done = f"ran `{entry.command}`"
        elif entry.undo == "restore":
            done = await self._restore(entry)
        else:
            done = await self._delete(entry)
        self._journal.update(entry, "undone")
        return done

    async def _delete(self, entry: UndoEntry) -> str:
        """Delete what was created, if it is what the run created.

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
            raise self._not_yet(entry, f"{what} could not be deleted: {exc.message}", exc) from exc
        return f"deleted {what}"

    async def _run_command(self, entry: UndoEntry) -> None:
        """Raises RollbackError: it failed, or may not be run."""
        if not self._run_commands:
            did = entry.change.removeprefix("run ")
            raise RollbackError(
                visible(f"{entry.what} may be cut off: the run had done {did}", line=True),
                hint=f"what takes it back: {visible(entry.command, line=True)}\n  read it, then run it, or: "
                f"{self._journal.recovery('--run-commands')}",
            )
        try:
            await run_shell(entry.command, COMMAND_WITHIN_S)
        except ChaosError as exc:
            raise RollbackError(exc.message, hint=f"run it by hand: {entry.command}") from exc

    async def _run_hook(self, entry: UndoEntry) -> None:
        """Raises RollbackError: it failed, or may not be run."""
        if not self._run_commands:
            raise RollbackError(
                f"the after hook of run {self._journal.run['id']} did not run",
                hint=f"what it is: {visible(entry.command, line=True)}\n  read it, then run it, or: "
                f"{self._journal.recovery('--run-commands')}",
            )
        told = {**(entry.environment or {}), "CHAOS_PHASE": "after", "CHAOS_OUTCOME": _KILLED}
        try:
            await run_hook("the after hook", entry.command, COMMAND_WITHIN_S, told)
        except ChaosError as exc:
            raise RollbackError(exc.message, hint=f"{exc.hint}\n  run it by hand: {entry.command}") from exc

    async def _restore(self, entry: UndoEntry) -> str:
        """Put the old values back, as long as the object has those that this run gave it, and make sure of it.

        Raises:
            RollbackError: it has others by now, or the API server refused.
        """
        try:
            return await self._put_back(entry)
        except RollbackError:
            raise
        except ChaosError as exc:
            raise self._not_yet(entry, f"{entry.what} could not be put back: {exc.message}", exc) from exc

    async def _put_back(self, entry: UndoEntry) -> str:
        restore, what = entry.restore or {}, entry.what
        sent = False
        for _ in range(_TRIES):
            found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
            if found is None or str(found["metadata"]["uid"]) != entry.uid:
                return f"{what} is no longer the one that was changed; left alone"
            self._check_within(entry, found)
            if has_values(found, restore):
                return f"put {what} back" if sent else f"{what} has its old values"
            if not has_values(found, entry.applied or {}, filled_in=entry.state == "intended"):
                if sent:
                    return f"put {what} back, which somebody else has changed since"
                raise RollbackError(
                    f"{what} was changed by somebody else after this run had changed it, so it was left alone",
                    hint=f"look at it; what puts it back: {self._by_hand(entry)}",
                )
            sent |= await self._patched(entry, found["metadata"]["resourceVersion"], restore)
        raise RollbackError(
            f"{what} could not be put back: it changes all the time", hint=self._by_hand(entry), may_pass=True
        )

    def _check_within(self, entry: UndoEntry, found: Object) -> None:
        """Raises UnprovenError: a mirror speaks of what is elsewhere, and not the run's."""
        if isinstance(self._journal, Copy) and self._journal.is_beyond(entry, found):
            raise UnprovenError(
                f"{entry.what} was left alone: {self._journal.path} is elsewhere, and it does not carry the label of "
                f"the run, {RUN_LABEL}={self._journal.run['id']}",
                hint="look at it; nothing else says that a run changed it",
            )

    async def look(self, entry: UndoEntry) -> str:
        """Whether an undo that was given up has come about all the same; what is so then, or nothing.

        Raises:
            ChaosError: it cannot be read.
        """
        if entry.undo in ("command", "hook"):
            return ""
        found = await self._cluster.get(entry.kind, entry.name, entry.namespace)
        if entry.undo == "restore":
            done = found is None or str(found["metadata"]["uid"]) != entry.uid or has_values(found, entry.restore or {})
        else:
            done = found is None or not self._is_ours(entry, found)
        if not done or (entry.kind in _WORKLOADS and await self._pods_of(entry)):
            return ""
        if found is None and any(
            not row["metadata"].get("deletionTimestamp") for row in await self._left_behind(entry, orphans=True)
        ):
            return ""
        self._journal.update(entry, "undone")
        return f"{entry.what} has its old values" if entry.undo == "restore" else f"{entry.what} is gone"

    def unfinished(self, entry: UndoEntry, why: str) -> RollbackError:
        """What is told of an undo that was given up."""
        verb = {"restore": "put back", "command": "joined again", "hook": "run"}.get(entry.undo, "deleted")
        return RollbackError(f"{entry.what} could not be {verb}: {why}", hint=self._later(entry))

    def _not_yet(self, entry: UndoEntry, message: str, exc: ChaosError) -> RollbackError:
        passing = isinstance(exc, ApiError) and (exc.may_pass or exc.status == _CONFLICT)
        return RollbackError(message, hint=self._later(entry), may_pass=passing)

    def _later(self, entry: UndoEntry) -> str:
        if entry.undo == "restore":
            return self._by_hand(entry)
        return f"later: {self._journal.recovery()}   or: {self._by_hand(entry)}"

    def _by_hand(self, entry: UndoEntry) -> str:
        """What somebody would type."""
        if entry.undo in ("command", "hook"):
            return entry.command
        verb, where = entry.undo, ("-n", entry.namespace) if entry.namespace else ()
        patch = ("--type", "merge", "-p", json.dumps(entry.restore or {})) if verb == "restore" else ()
        words = "patch" if verb == "restore" else "delete"
        return shlex.join(["kubectl", words, entry.kind.lower(), entry.name, *where, *patch])

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
            return True
        if entry.uid and self._read_back:
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
            listed = ", ".join(foreign[:_SHOWN]) + (
                f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
            )
            raise InUseError(
                visible(f"{entry.what} was left alone: somebody else has put things into it: {listed}", line=True),
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
            await self._gone(entry.kind, entry.name, entry.namespace, uid)
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
                why = f"it was not gone {_GONE_WITHIN_S:.0f} s after its deletion was accepted"
                raise RollbackError(f"{entry.what} could not be deleted: {why}", hint=self._later(entry), may_pass=True)
            await asyncio.sleep(_POLL_S)

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
            await self._gone(row["kind"], row["metadata"]["name"], entry.namespace, row["metadata"]["uid"])

    async def _gone(self, kind: str, name: str, namespace: str, uid: str) -> None:
        """Ask for its deletion; that it is gone already is as well."""
        try:
            await self._cluster.delete(kind, name, namespace, uid=uid, propagation="Background")
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


def _owned_by(pod: Object, entry: UndoEntry) -> bool:
    """Whether a pod stems from the workload that an entry created, directly or through a ReplicaSet of its name."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(
        owner["uid"] == entry.uid or (entry.kind == "Deployment" and owner["name"].startswith(entry.name + "-"))
        for owner in owners
    )
