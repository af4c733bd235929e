"""Changes a StatefulSet's pod template, so that its controller replaces the pods: a rolling update."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity


class UpdateTemplate(Fault):
    """Start a rolling update by an annotation of the pod template, as `kubectl rollout restart` does.

    Attributes:
        statefulset: its name.
        pods: those that the update will replace.
        revision: what makes this update another than the last.
    """

    replaces = True
    one_by_one = True
    # Where no deletion of the pod was seen in time, its time counts from what should have led to one.
    words = CauseWords("the StatefulSet was patched", "the patch", "StatefulSet patched")
    undone = "nothing is to be done: the annotation does nothing by itself"

    statefulset: str
    pods: tuple[PodIdentity, ...]
    revision: str

    @property
    def name(self) -> str:
        return "rolling-update"

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
