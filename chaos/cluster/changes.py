"""The one place from which a cluster is changed: journal first, then the request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from chaos.clock import RunClock
from chaos.cluster.client import Cluster, Object
from chaos.cluster.journal import RUN_LABEL, Journal, UndoEntry
from chaos.errors import ApiError, ChaosError, RollbackError

_POLL_S = 0.1
# Long enough for a pod that ignores SIGTERM and whose grace period an admission controller raised.
_GONE_WITHIN_S = 90.0
# The demo's containers hold nothing worth a long goodbye.
_CLEANUP_GRACE_S = 1
_NOT_FOUND, _CONFLICT = 404, 409
_LAST_ANSWER_S = 3.0
_WORKLOADS = ("StatefulSet", "Deployment", "ReplicaSet", "Job")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A change that the API server accepted: when the request left, when its response arrived (run's clock)."""

    sent_ns: int
    accepted_ns: int
    object: Object


class Changes:
    """Changes a cluster and undoes it again.

    Args:
        run_id: put on everything that is created, as the label `RUN_LABEL`.
    """

    def __init__(self, cluster: Cluster, journal: Journal, clock: RunClock, run_id: str) -> None:
        self._cluster = cluster
        self._journal = journal
        self._clock = clock
        self._run_id = run_id
        self.acknowledged = 0  # changes that the API server said it made

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
        return await self._acknowledge(entry, self._cluster.create(obj))

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
                entry, self._cluster.delete("Pod", name, namespace, uid=uid, grace_s=grace_s)
            )
        except ApiError as exc:
            if exc.status == _CONFLICT:
                exc.hint = f"{name} was replaced meanwhile; an experiment takes the pod of now from run.target.pods"
            raise

    async def _acknowledge(self, entry: UndoEntry, request: Any) -> Acknowledged:
        sent_ns = self._clock.now_ns()
        under_way = asyncio.ensure_future(request)
        try:
            answer = await asyncio.shield(under_way)
        except asyncio.CancelledError:
            # The server may be about to do it: wait a moment, so that the rollback knows what there is to undo.
            await asyncio.wait([under_way], timeout=_LAST_ANSWER_S)
            if under_way.done() and not under_way.cancelled() and under_way.exception() is None:
                self._journal.update(entry, "done", uid=str(under_way.result().get("metadata", {}).get("uid", "")))
            under_way.cancel()
            raise
        except ApiError as exc:
            if exc.status:  # an answer came: the change was not made
                self._journal.update(entry, "undone")
            raise
        accepted_ns = self._clock.now_ns()
        self.acknowledged += 1
        self._journal.update(entry, "done", uid=str(answer.get("metadata", {}).get("uid", "")))
        return Acknowledged(sent_ns, accepted_ns, answer)

    async def undo(self, entry: UndoEntry) -> str:
        """Undo one change; returns what was done about it, for people.

        Raises:
            RollbackError: it could not be undone.
        """
        kind, name, namespace = entry.kind, entry.name, entry.namespace
        what = f"{kind} {name}" + (f" in namespace {namespace}" if namespace else "")
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


def _owned_by(pod: Object, entry: UndoEntry) -> bool:
    """Whether a pod stems from the workload that an entry created, directly or through a ReplicaSet of its name."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(
        owner["uid"] == entry.uid or (entry.kind == "Deployment" and owner["name"].startswith(entry.name + "-"))
        for owner in owners
    )


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
