"""How a pod ends: SIGTERM, grace period, SIGKILL, network down, status, removal of the object."""

from __future__ import annotations

import asyncio

from kubesim.api import deletion
from kubesim.kubelet.container import Container
from kubesim.kubelet.hooks import run_pre_stop
from kubesim.kubelet.local_pod import LocalPod
from kubesim.store import StoreError

# What the kubelet's kuberuntime gives a container at least between SIGTERM and SIGKILL, whatever the pod's grace period
# (minimumGracePeriodInSeconds). It is why a force-deleted pod goes on serving for two seconds.
MINIMUM_GRACE_S = 2.0


class Ending:
    """Terminates one pod.

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
        await self.stop_containers()
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

    async def stop_containers(self) -> None:
        """Stop what runs: hooks of all at once, then SIGTERM to the main containers, and to sidecars in their turn.

        Sidecars end one after the other, the last that was started first, each when all after it have ended.
        """
        since_s = self._pod.now_s()
        for container in self._pod.running():
            self._pod.event("Killing", f"Stopping container {container.name}", container=container)
        await self._pre_stop(since_s)
        await self._until_all_exited(since_s)

    async def _pre_stop(self, since_s: float) -> None:
        hooks = [asyncio.ensure_future(run_pre_stop(self._pod, c)) for c in self._pod.running()]
        for hook in hooks:
            hook.add_done_callback(lambda _: self._pod.waiting.wake())
        while self._pod.running() and self._pod.now_s() < since_s + self.grace_s:
            if all(hook.done() for hook in hooks):
                break
            await self._pod.waiting.sleep(since_s + self.grace_s, stoppable=False)
        for hook in hooks:
            hook.cancel()

    async def _until_all_exited(self, since_s: float) -> None:
        """Signal the containers, and kill them at the end of the grace period, of which preStop hooks are a part."""
        signalled_s: dict[str, float] = {}
        killed: set[str] = set()
        while running := self._pod.running():
            now_s, end_s = self._pod.now_s(), since_s + self.grace_s
            for container in running if now_s >= end_s else self._whose_turn_it_is(running):
                if container.name not in signalled_s and container.process is not None:
                    signalled_s[container.name] = now_s
                    container.process.terminate()
            kills_s = {
                c: max(end_s, signalled_s[c.name] + MINIMUM_GRACE_S)
                for c in running
                if c.name in signalled_s and c.name not in killed
            }
            for container, at_s in kills_s.items():
                if now_s >= at_s and container.process is not None:
                    killed.add(container.name)
                    container.process.kill()
            due_s = [at_s for at_s in kills_s.values() if at_s > now_s]
            due_s += [end_s] if len(signalled_s) < len(running) and end_s > now_s else []
            await self._pod.waiting.sleep(min(due_s, default=None), stoppable=False)

    def _whose_turn_it_is(self, running: list[Container]) -> list[Container]:
        others = [c for c in running if c not in self._pod.sidecars]
        return others or [c for c in self._pod.sidecars if c in running][-1:]

    def _remove(self) -> None:
        meta = self._pod.object["metadata"]
        try:
            deletion.delete(self._pod.plane.store, "Pod", meta["namespace"], meta["name"], grace_s=0, uid=meta["uid"])
        except StoreError as exc:
            if exc.reason not in ("NotFound", "Conflict"):  # gone already, or another pod has the name now
                raise
