"""Makes a pod unready, or ready again, while its containers go on."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import PodIdentity

GATE = "chaos-identity.io/ready"


@dataclass(frozen=True, slots=True)
class SetReadiness:
    """Write the condition of a readiness gate, on which the kubelet makes the pod's Ready condition depend.

    A failing readiness probe has the same effect on DNS, later by the probe's period and threshold.

    Attributes:
        pod: one whose template has the readiness gate `GATE`.
        ready: what it shall be.
    """

    pod: PodIdentity
    ready: bool

    @property
    def name(self) -> str:
        return "make-ready" if self.ready else "make-unready"

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        return (self.pod,)

    @property
    def replaces(self) -> bool:
        return False

    @property
    def parameters(self) -> dict[str, object]:
        return {"ready": self.ready}

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
