"""Breaks a Service's selector for a while, as a label that was mistyped in a deployment does."""

from __future__ import annotations

import asyncio

from chaos.experiment import Acknowledged, CauseWords, Changes, Fault, PodIdentity


class BreakSelector(Fault):
    """Make a Service select no pod, wait, and restore its selector; the pods themselves go on.

    Attributes:
        service: its name.
        pods: those that it selects, which are under the fault meanwhile: the blast radius is counted in them.
        for_s: seconds until the selector is restored.
    """

    # How reports say what happened to a pod, and from when its seconds count.
    words = CauseWords("the selector was broken", "the change of the selector", "selector broken")

    service: str
    pods: tuple[PodIdentity, ...]
    for_s: float = 10.0

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        # The old selector is in the journal before this request leaves, so that `chaos recover` can restore it too.
        broken = await changes.patch("Service", self.service, namespace, {"spec": {"selector": {"broken": "yes"}}})
        await asyncio.sleep(self.for_s)
        await changes.put_back("Service", self.service, namespace)
        return broken
