"""Deletes a pod, as an eviction, a node drain or `kubectl delete pod` does."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity


class DeletePod(Fault):
    """Delete one pod of a StatefulSet, whose controller replaces it.

    Attributes:
        pod: which; the request carries its UID, so that a replacement is never hit by mistake.
        grace_s: seconds that its containers have to end; None: what the pod says; 0: forced, which removes the object
            at once while the container may go on for a while.
    """

    replaces = True
    words = CauseWords("its deletion was accepted", "the deletion", "delete accepted")
    undone = "nothing is to be done: its controller replaces the pod"

    pod: PodIdentity
    grace_s: int | None = None

    @property
    def name(self) -> str:
        return "force-delete-pod" if self.grace_s == 0 else "delete-pod"

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return await changes.delete_pod(
            self.pod.name, namespace, self.pod.uid, self.grace_s, because="its controller replaces it"
        )
