"""Evicts a pod, as `kubectl drain` does: a PodDisruptionBudget may refuse it for a while."""

from __future__ import annotations

import asyncio
from dataclasses import field

from chaos.cluster.changes import Acknowledged, Changes
from chaos.errors import ApiError
from chaos.faults.base import Fault
from chaos.model import CauseWords, PodIdentity

_TOO_MANY_REQUESTS = 429


class EvictPod(Fault):
    """Evict one pod, whose controller replaces it; ask again while a budget refuses.

    Attributes:
        pod: which; the request carries its UID, so that a replacement is never hit by mistake.
        grace_s: seconds that its containers have to end; None: what the pod says.
        within_s: so long it is asked for; then the last refusal stands.
        retry_s: between two requests; `kubectl drain` waits 5 s
            (https://github.com/kubernetes/kubectl/blob/v0.34.0/pkg/drain/drain.go).
        refusals: what the API server said each time that it refused, filled in by `inject`.
    """

    replaces = True
    keeps_budgets = True
    words = CauseWords("its eviction was accepted", "the eviction", "eviction accepted")
    undone = "nothing is to be done: its controller replaces the pod"

    pod: PodIdentity
    grace_s: int | None = None
    within_s: float = 60.0
    retry_s: float = 1.0
    refusals: list[str] = field(default_factory=list)

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self.within_s
        while True:
            try:
                return await changes.evict_pod(
                    self.pod.name, namespace, self.pod.uid, self.grace_s, because="its controller replaces it"
                )
            except ApiError as exc:
                if exc.status != _TOO_MANY_REQUESTS:
                    raise
                self.refusals.append(exc.message)
                if loop.time() + self.retry_s > deadline_s:
                    exc.hint = "kubectl get poddisruptionbudgets shows how many disruptions are allowed now"
                    raise
            await asyncio.sleep(self.retry_s)
