"""Deletes several pods at the same moment, as a node that goes away or a careless selector does."""

from __future__ import annotations

import asyncio

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity


class DeletePods(Fault):
    """Delete several pods of a StatefulSet at once; the requests leave together.

    Attributes:
        pods: which; each request carries the pod's UID.
        grace_s: seconds that their containers have to end; None: what each pod says.
    """

    replaces = True
    words = CauseWords("its deletion was accepted", "the deletion", "delete accepted")
    undone = "nothing is to be done: their controller replaces the pods"

    pods: tuple[PodIdentity, ...]
    grace_s: int | None = None

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._delete(changes, namespace, pod)) for pod in self.pods]
        done = [task.result() for task in tasks]
        # The fault as a whole was accepted with the last of them; each pod's t0 is its own.
        return Acknowledged(
            min(one.sent_ns for one in done),
            max(one.accepted_ns for one in done),
            max(done, key=_accepted).object,
            {pod.name: (one.sent_ns, one.accepted_ns) for pod, one in zip(self.pods, done, strict=True)},
            settled=any(one.settled for one in done),
        )

    async def _delete(self, changes: Changes, namespace: str, pod: PodIdentity) -> Acknowledged:
        return await changes.delete_pod(
            pod.name, namespace, pod.uid, self.grace_s, because="its controller replaces it"
        )


def _accepted(done: Acknowledged) -> int:
    return done.accepted_ns
