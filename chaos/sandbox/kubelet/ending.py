"""How a pod ends: SIGTERM, grace period, SIGKILL, network down, status, removal of the object."""

from __future__ import annotations

import asyncio

from chaos.sandbox import deletion
from chaos.sandbox.kubelet.hooks import run_pre_stop
from chaos.sandbox.kubelet.local_pod import LocalPod
from chaos.sandbox.store import StoreError

# What the kubelet's kuberuntime gives a container at least between SIGTERM and SIGKILL, whatever the pod's grace period
# (minimumGracePeriodInSeconds). It is why a force-deleted pod goes on serving for two seconds.
_MINIMUM_GRACE_S = 2.0


class Ending:
    """Terminates one pod.

    Of the preStop hooks `sleep` and `exec` are modelled; HTTP hooks are not run.

    Attributes:
        grace_s: how long containers may go on after SIGTERM; may be shortened meanwhile.
    """

    def __init__(self, pod: LocalPod) -> None:
        self._pod = pod
        self.grace_s = 0.0

    async def run(self) -> None:
        """Go through all of it."""
        pod = self._pod
        await asyncio.sleep(pod.draw("kubelet_notice"))
        since_s = pod.now_s()
        for container in pod.running():
            pod.event("Killing", f"Stopping container {container.name}", container=container)
        await self._pre_stop(since_s)
        for container in pod.running():
            if container.process is not None:
                container.process.terminate()
        await self._until_all_exited(since_s)
        if pod.sandbox_up:
            await pod.unplug()
            await asyncio.sleep(pod.draw("kubelet_exit_status"))
        for container in pod.containers:
            if container.exit_code is None:  # it never ran, and never will
                container.exited(0, pod.plane.store.clock.timestamp())
        await pod.node.link.in_touch.wait()
        pod.report()
        await asyncio.sleep(pod.draw("kubelet_cleanup"))
        await pod.node.link.in_touch.wait()
        self._remove()

    async def _pre_stop(self, since_s: float) -> None:
        hooks = [(c.spec.get("lifecycle") or {}).get("preStop") or {} for c in self._pod.running()]
        sleep_s = max((float(hook["sleep"]["seconds"]) for hook in hooks if "sleep" in hook), default=0.0)
        commands = [asyncio.ensure_future(run_pre_stop(c)) for c in self._pod.running()]
        for command in commands:
            command.add_done_callback(lambda _: self._pod.waiting.wake())
        while self._pod.running() and self._pod.now_s() < since_s + self.grace_s:
            if all(command.done() for command in commands) and self._pod.now_s() >= since_s + sleep_s:
                break
            until_s = since_s + self.grace_s
            if all(command.done() for command in commands):
                until_s = min(until_s, since_s + sleep_s)
            await self._pod.waiting.sleep(until_s, stoppable=False)
        for command in commands:
            command.cancel()

    async def _until_all_exited(self, since_s: float) -> None:
        """Wait for the containers; kill them at the end of the grace period, of which preStop hooks are a part."""
        signalled_s = self._pod.now_s()
        killed = False
        while self._pod.running():
            until_s = max(since_s + self.grace_s, signalled_s + _MINIMUM_GRACE_S)
            if not killed and self._pod.now_s() >= until_s:
                killed = True
                for container in self._pod.running():
                    if container.process is not None:
                        container.process.kill()
            await self._pod.waiting.sleep(None if killed else until_s, stoppable=False)

    def _remove(self) -> None:
        meta = self._pod.object["metadata"]
        try:
            deletion.delete(self._pod.plane.store, "Pod", meta["namespace"], meta["name"], grace_s=0, uid=meta["uid"])
        except StoreError as exc:
            if exc.reason not in ("NotFound", "Conflict"):  # gone already, or another pod has the name now
                raise
