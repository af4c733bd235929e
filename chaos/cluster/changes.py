"""The one place from which a cluster is changed: journal first, then the request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chaos.clock import RunClock
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.cluster.mirror import Mirror, is_outside
from chaos.cluster.retrying import Tried
from chaos.cluster.shell import for_node, run_shell
from chaos.cluster.undo import COMMAND_WITHIN_S, Undo
from chaos.errors import ApiError, InconclusiveError, RollbackError
from chaos.model.object import Object

_NOT_FOUND, _CONFLICT = 404, 409
_LAST_ANSWER_S = 3.0
_TRIES = 5
_Make = Callable[[Tried], Coroutine[Any, Any, Object]]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A change that the API server accepted: when the request left, when its response arrived (run's clock).

    Where the first request got no answer and may have made the change all the same, the two instants are when that
    request left, and when reading back or a further request showed that the change was made.

    Attributes:
        sent_ns: when the request left.
        accepted_ns: when the response arrived; from then on the fault's time (t0) counts.
        object: what the API server answered: the whole object as it is now, or was before its deletion.
        settled: whether no answer said so, but reading back did.
        requests: where it took one for each of several pods: the same two instants, by the pod's name.
    """

    sent_ns: int
    accepted_ns: int
    object: Object
    requests: dict[str, tuple[int, int]] = field(default_factory=dict)
    settled: bool = False


class Changes:
    """Changes a cluster and undoes it again.

    Args:
        run_id: put on everything that is created, as the label `RUN_LABEL`.
        mirror: that has each change of what the run did not make before it is made; None: only this machine knows.
    """

    def __init__(
        self, cluster: Cluster, journal: Journal, clock: RunClock, run_id: str, mirror: Mirror | None = None
    ) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._journal = journal
        self._clock = clock
        self._run_id = run_id
        self._undo = Undo(cluster, journal, clock)
        self.acknowledged = 0  # changes that the API server said it made

    def made(self, obj: Object) -> bool:
        """Whether an object carries this run's label: it was made by the run, or by what the run made."""
        return (obj["metadata"].get("labels") or {}).get(RUN_LABEL) == self._run_id

    async def create(self, obj: Object, *, goes_with: str = "") -> Acknowledged:
        """Create an object; its undo deletes it.

        Args:
            obj: the whole object.
            goes_with: its owner, such as ``Job x``, whose deletion takes it along: then nothing is to be undone here.

        Raises:
            ApiError: it was refused, then nothing is left to undo.
        """
        obj = _labelled(obj, self._run_id)
        meta = obj["metadata"]
        entry = self._journal.intend(
            change=f"create {obj['kind']} {meta['name']}",
            undo="nothing" if goes_with else "delete",
            kind=obj["kind"],
            name=meta["name"],
            namespace=meta.get("namespace", ""),
            because=f"it goes with {goes_with}" if goes_with else "",
        )
        return await self._acknowledge(entry, lambda tried: self._cluster.create(obj, tried))

    async def delete_pod(self, name: str, namespace: str, uid: str, grace_s: int | None, because: str) -> Acknowledged:
        """Delete a pod that its controller replaces.

        Raises:
            ApiError: it was refused, or the pod is no longer the one with that UID (409).
        """
        entry = self._journal.intend(
            change=f"delete Pod {name}", undo="nothing", kind="Pod", name=name, namespace=namespace, because=because
        )
        entry.uid = uid
        try:
            return await self._acknowledge(
                entry, lambda tried: self._cluster.delete("Pod", name, namespace, tried, uid=uid, grace_s=grace_s)
            )
        except ApiError as exc:
            if exc.status == _CONFLICT:
                exc.hint = f"{name} was replaced meanwhile; an experiment takes the pod of now from run.target.pods"
            raise

    async def delete(
        self, kind: str, name: str, namespace: str, *, because: str, propagation: str = "Background"
    ) -> Acknowledged:
        """Delete an object that the run made itself, so that nothing is to be undone.

        Args:
            kind: such as ``Service``.
            name: of the object.
            namespace: of the object.
            because: why nothing is to be undone.
            propagation: ``Orphan`` leaves what it owns in place.

        Raises:
            ApiError: it was refused, or there is none, or it is no longer the one that the run made (409).
        """
        entry = self._journal.intend(
            change=f"delete {kind} {name}", undo="nothing", kind=kind, name=name, namespace=namespace, because=because
        )
        uid = self._uid_of_own(kind, name, namespace)
        return await self._acknowledge(
            entry, lambda tried: self._cluster.delete(kind, name, namespace, tried, uid=uid, propagation=propagation)
        )

    def _uid_of_own(self, kind: str, name: str, namespace: str) -> str:
        """UID of the object that this run made under that name; another one of the name is somebody else's by now."""
        made = (
            entry.uid
            for entry in reversed(self._journal.entries.values())
            if (entry.kind, entry.name, entry.namespace) == (kind, name, namespace) and entry.undo == "delete"
        )
        return next(made, "")

    async def evict_pod(self, name: str, namespace: str, uid: str, grace_s: int | None, because: str) -> Acknowledged:
        """Evict a pod that its controller replaces.

        Raises:
            ApiError: it was refused: 429 where a PodDisruptionBudget does not allow it now.
        """
        entry = self._journal.intend(
            change=f"evict Pod {name}", undo="nothing", kind="Pod", name=name, namespace=namespace, because=because
        )
        entry.uid = uid
        return await self._acknowledge(entry, lambda tried: self._cluster.evict(name, namespace, uid, grace_s, tried))

    async def patch(
        self,
        kind: str,
        name: str,
        namespace: str,
        patch: Object,
        *,
        because: str = "",
        subresource: str = "",
        strategic: bool = False,
        version: str = "",
    ) -> Acknowledged:
        """Change fields of an object; one that is to be put back only as long as nobody else changes it at that moment.

        Args:
            kind: such as ``StatefulSet``.
            name: of the object.
            namespace: of the object.
            patch: a JSON merge patch: maps are merged, None removes a key, a list replaces the old one as a whole.
            because: why nothing is to be undone, such as that the run made the object; empty: the old values are
                put back, unless somebody else has changed them meanwhile.
            subresource: such as ``status``.
            strategic: whether entries of lists are changed by their keys; it cannot be put back.
            version: resourceVersion that the change was made for; empty: whichever is the newest.

        Raises:
            ApiError: it was refused, or there is no such object, or it is no longer the one of that version, or that
                the run made (409).
        """
        if not because:
            return await self._patch_undoably(kind, name, namespace, patch, version)
        entry = self._journal.intend(
            change=f"patch {kind} {name}", undo="nothing", kind=kind, name=name, namespace=namespace, because=because
        )
        if uid := self._uid_of_own(kind, name, namespace):
            patch = {**patch, "metadata": {**(patch.get("metadata") or {}), "uid": uid}}
        return await self._acknowledge(
            entry,
            lambda tried: self._cluster.patch(kind, name, namespace, patch, subresource, tried, strategic=strategic),
        )

    async def _patch_undoably(self, kind: str, name: str, namespace: str, patch: Object, version: str) -> Acknowledged:
        """Patch only the version that the old values were read from; tried again, since a Node changes all the time."""
        for last in (False,) * (_TRIES - 1) + (True,):
            before = await self._cluster.get(kind, name, namespace)
            if before is None:
                raise ApiError(f"there is no {kind} {name} in namespace {namespace}", status=_NOT_FOUND)
            meta = before["metadata"]
            if version and version != meta["resourceVersion"]:
                raise ApiError(
                    f"{kind} {name} in namespace {namespace} was changed meanwhile", status=_CONFLICT, reason="Conflict"
                )
            entry = self._journal.intend(
                change=f"patch {kind} {name}",
                undo="restore",
                kind=kind,
                name=name,
                namespace=namespace,
                uid=str(meta["uid"]),
                applied=patch,
                restore=reverse_patch(before, patch),
            )
            await self._mirrored(entry)
            guard = {**(patch.get("metadata") or {}), "resourceVersion": meta["resourceVersion"]}
            guarded = {**patch, "metadata": guard}
            try:
                return await self._acknowledge(entry, partial(self._cluster.patch, kind, name, namespace, guarded, ""))
            except ApiError as exc:
                if exc.status != _CONFLICT or last:
                    await self._tell_mirror(entry)
                    raise
        raise AssertionError  # the last try returns or raises

    async def put_back(self, kind: str, name: str, namespace: str) -> Acknowledged:
        """Undo this run's newest `patch` of an object before the run's end.

        Raises:
            RollbackError: somebody else changed it meanwhile, or there is nothing of this run's to be put back.
        """
        key = ("restore", kind, name, namespace)
        found = (e for e in self._journal.open_entries() if (e.undo, e.kind, e.name, e.namespace) == key)
        entry = next(found, None)
        if entry is None:
            raise RollbackError(f"this run has nothing to put back at {kind} {name} in namespace {namespace}")
        sent_ns = self._clock.now_ns()
        await self._undo.undo(entry)
        accepted_ns = self._clock.now_ns()
        await self._tell_mirror(entry)
        return Acknowledged(sent_ns, accepted_ns, {})

    async def command_on_node(self, node: str, command: str, *, undo: str) -> Acknowledged:
        """Do something to a node by a shell command in which ``{node}`` stands for its name.

        Raises:
            PreflightError: it failed; its undo stays open, since nobody knows what it did until then.
        """
        entry = self._journal.intend(
            change=f"run `{for_node(command, node)}`",
            undo="command",
            kind="Node",
            name=node,
            command=for_node(undo, node),
        )
        await self._mirrored(entry)
        sent_ns = self._clock.now_ns()
        if self._cluster.witness is not None:
            self._cluster.witness("command", "Node", node, "", "")(None)
        await run_shell(for_node(command, node), COMMAND_WITHIN_S)
        accepted_ns = self._clock.now_ns()
        self.acknowledged += 1
        self._journal.update(entry, "done")
        return Acknowledged(sent_ns, accepted_ns, {})

    async def undo_command_on_node(self, node: str) -> Acknowledged:
        """Take back what `command_on_node` did, before the rollback does.

        Raises:
            RollbackError: it could not be undone.
        """
        sent_ns = accepted_ns = self._clock.now_ns()
        for entry in self._journal.open_entries():
            if entry.undo == "command" and entry.name == node:
                await self._undo.undo(entry)
                accepted_ns = self._clock.now_ns()  # read before the mirror is updated, which takes time of its own
                await self._tell_mirror(entry)
        return Acknowledged(sent_ns, accepted_ns, {})

    async def _acknowledge(
        self, entry: UndoEntry, make: Callable[[Tried], Coroutine[Any, Any, Object]]
    ) -> Acknowledged:
        tried = Tried()
        under_way = asyncio.create_task(make(tried))
        try:
            answer = await asyncio.shield(under_way)
        except asyncio.CancelledError:
            # The server may be about to do it: wait a moment, so that the rollback knows what there is to undo.
            await asyncio.wait([under_way], timeout=_LAST_ANSWER_S)
            if under_way.done() and not under_way.cancelled() and under_way.exception() is None:
                self._made(entry, under_way.result())
            under_way.cancel()
            raise
        except ApiError as exc:
            if exc.is_undone:
                self._journal.update(entry, "undone")
            raise
        accepted_ns = self._clock.now_ns()
        sent_ns = round((tried.sent_s - self._clock.zero_s) * 1e9)
        self.acknowledged += 1
        self._made(entry, answer)
        return Acknowledged(sent_ns, accepted_ns, answer, settled=tried.settled)

    def _made(self, entry: UndoEntry, answer: Object) -> None:
        if entry.applied is not None:
            entry.applied = as_answered(entry.applied, answer)
        self._journal.update(entry, "done", uid=str(answer.get("metadata", {}).get("uid", "")))

    async def undo(self, entry: UndoEntry) -> str:
        """Undo one change; returns what was done about it, for people.

        Raises:
            RollbackError: it could not be undone.
        """
        done = await self._undo.undo(entry)
        await self._tell_mirror(entry)
        return done

    async def _mirrored(self, entry: UndoEntry) -> None:
        """Write a change that is about to be made into the mirror.

        Raises:
            InconclusiveError: that failed, so nothing is changed.
        """
        if self._mirror is None:
            return
        try:
            await self._mirror.write()
        except ApiError as exc:
            self._journal.update(entry, "undone")
            raise InconclusiveError(
                f"{entry.what} was not changed, since what undoes it could not be written into the cluster: "
                f"{exc.message}",
                hint="mend that; or, if this machine and its disk are enough: --local-journal-only",
            ) from exc

    async def _tell_mirror(self, entry: UndoEntry) -> None:
        """Take what was undone out of the mirror. Failing is harmless: a recovery finds the old values back."""
        if self._mirror is not None and is_outside(entry):
            await self._mirror.settle()

    async def look(self, entry: UndoEntry) -> str:
        """See `Undo.look`."""
        return await self._undo.look(entry)

    def unfinished(self, entry: UndoEntry, why: str) -> RollbackError:
        """See `Undo.unfinished`."""
        return self._undo.unfinished(entry, why)


def reverse_patch(before: Object, patch: Object) -> Object:
    """The merge patch that undoes another one; a field that was not there is removed by null."""
    reverse: Object = {}
    for key, value in patch.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict | None):
            reverse[key] = reverse_patch(old or {}, value)
        else:
            reverse[key] = old
    return reverse


def as_answered(patch: Object, answer: Object) -> Object:
    """A patch with the values that the server made of it: in the entries of a list it fills in what was left out."""
    made: Object = {}
    for key, value in patch.items():
        found = answer.get(key)
        if isinstance(value, dict) and isinstance(found, dict):
            made[key] = as_answered(value, found)
        else:
            made[key] = found if isinstance(value, list) and isinstance(found, list) else value
    return made


def _labelled(obj: Object, run_id: str) -> Object:
    """A copy that carries the run's label, in its pod template and volume claim templates too."""
    copied = {**obj, "metadata": _with_label(obj["metadata"], run_id)}
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return copied
    copied["spec"] = spec = dict(spec)
    if isinstance(spec.get("template"), dict):
        spec["template"] = _labelled_template(spec["template"], run_id)
    if isinstance(spec.get("volumeClaimTemplates"), list):
        spec["volumeClaimTemplates"] = [_labelled_template(t, run_id) for t in spec["volumeClaimTemplates"]]
    return copied


def _labelled_template(template: Object, run_id: str) -> Object:
    return {**template, "metadata": _with_label(template.get("metadata") or {}, run_id)}


def _with_label(meta: Object, run_id: str) -> Object:
    return {**meta, "labels": {**(meta.get("labels") or {}), RUN_LABEL: run_id}}
