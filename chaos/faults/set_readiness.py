"""Makes a pod unready, or ready again, while its containers go on."""

from __future__ import annotations

from chaos.cluster.changes import Acknowledged, Changes
from chaos.faults.base import Fault
from chaos.model import PodIdentity

GATE = "chaos-identity.io/ready"


class SetReadiness(Fault):
    """Write the condition of a readiness gate, on which the kubelet makes the pod's Ready condition depend.

    A failing readiness probe has the same effect on DNS, later by the probe's period and threshold.

    Attributes:
        pod: one whose template has the readiness gate `GATE`.
        ready: what it shall be.
    """

    undone = "nothing is to be done: the condition goes with the pod"

    pod: PodIdentity
    ready: bool

    @property
    def name(self) -> str:
        return "make-ready" if self.ready else "make-unready"

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        condition = {"type": GATE, "status": "True" if self.ready else "False"}
        return await changes.patch(
            "Pod",
            self.pod.name,
            namespace,
            {"status": {"conditions": [condition]}},
            because="the condition goes with the pod",
            subresource="status",
            strategic=True,
        )
