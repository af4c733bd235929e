"""Changes a StatefulSet's pod template, so that its controller replaces the pods: a rolling update."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity


@dataclass(frozen=True, slots=True)
class UpdateTemplate:
    """Start a rolling update by an annotation of the pod template, as `kubectl rollout restart` does.

    Attributes:
        statefulset: its name.
        pods: those that the update will replace.
        revision: what makes this update another than the last.
    """

    statefulset: str
    pods: tuple[PodIdentity, ...]
    revision: str

    @property
    def name(self) -> str:
        return "rolling-update"

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        return self.pods

    @property
    def replaces(self) -> bool:
        return True

    @property
    def parameters(self) -> dict[str, object]:
        return {"statefulset": self.statefulset, "revision": self.revision}

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        annotations = {"chaos-identity.io/revision": self.revision}
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        return await changes.patch(
            "StatefulSet",
            self.statefulset,
            namespace,
            patch,
            because="a pod template's annotation does nothing by itself",
        )
