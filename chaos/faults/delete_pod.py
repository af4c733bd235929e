"""Deletes a pod, as an eviction, a node drain or `kubectl delete pod` does."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete one pod of a StatefulSet, whose controller replaces it.

    Attributes:
        pod: which; the request carries its UID, so that a replacement is never hit by mistake.
        grace_s: seconds that its containers have to end; None: what the pod says; 0: forced, which removes the object
            at once while the container may go on for a while.
    """

    pod: PodIdentity
    grace_s: int | None = None

    @property
    def name(self) -> str:
        return "force-delete-pod" if self.grace_s == 0 else "delete-pod"

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        return (self.pod,)

    @property
    def replaces(self) -> bool:
        return True

    @property
    def parameters(self) -> dict[str, object]:
        return {"grace_s": self.grace_s}

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return await changes.delete_pod(
            self.pod.name, namespace, self.pod.uid, self.grace_s, because="its controller replaces it"
        )
