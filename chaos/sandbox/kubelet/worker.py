"""One pod on one node, from the moment that it is bound until its object is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from chaos.sandbox.controllers.pods import TERMINAL
from chaos.sandbox.kubelet.container import Container
from chaos.sandbox.kubelet.ending import Ending
from chaos.sandbox.kubelet.hooks import run_post_start
from chaos.sandbox.kubelet.images import Images
from chaos.sandbox.kubelet.local_pod import LocalPod
from chaos.sandbox.kubelet.node import Node
from chaos.sandbox.kubelet.probe import ReadinessProbe, checker
from chaos.sandbox.kubelet.status import foreign_conditions
from chaos.sandbox.kubelet.waiting import StoppingError
from chaos.sandbox.store import Object

_MOUNT_RETRY_S = 2.0  # how soon a volume whose ConfigMap is missing is tried again; the kubelet backs off from 0.5 s


class PodWorker:
    """Starts a pod, restarts what crashes, keeps its status, and ends it.

    Not modelled: liveness and startup probes, init containers that run alongside (restartPolicy
    Always), resources, evictions.
    """

    def __init__(self, node: Node, pod: Object) -> None:
        self.namespace: str = pod["metadata"]["namespace"]
        self.name: str = pod["metadata"]["name"]
        self._pod = LocalPod(node, pod)
        self._images = Images(self._pod)
        self._ending = Ending(self._pod)
        self._probes: dict[str, ReadinessProbe] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def changed(self, pod: Object) -> None:
        """A new state of the object: what may change in a running pod is its image, and others' conditions."""
        gates = foreign_conditions(self._pod.object) != foreign_conditions(pod)
        self._pod.object = pod
        if gates and not self._pod.waiting.stopping:
            self._after(self._pod.draw("kubelet_status"), self._report_unless_stopping)

    def container(self, name: str) -> Container | None:
        """One of its containers, init containers among them."""
        return next((c for c in (*self._pod.init_containers, *self._pod.containers) if c.name == name), None)

    def stop(self, grace_s: float) -> None:
        """Terminate the pod; a later call can only shorten the grace period."""
        stopping = self._pod.waiting.stopping
        self._ending.grace_s = min(self._ending.grace_s, grace_s) if stopping else grace_s
        self._pod.waiting.stop()

    def report_again(self) -> None:
        """Write the status, after a time without touch in which somebody else may have."""
        self._report_unless_stopping()

    async def run(self) -> None:
        """Live through everything from start to the object's removal."""
        try:
            with suppress(StoppingError):
                await self._start()
                await self._tend()
            self._stop_probes()
            await self._ending.run()
        finally:
            self._stop_probes()
            for timer in self._timers:
                timer.cancel()

    def abandon(self) -> None:
        """Kill what runs and give the address back, so that another worker can begin anew."""
        self._pod.waiting.stop()
        for container in self._pod.running():
            if container.process is not None:
                container.process.kill()
        self._pod.release()

    # ---- start ----

    async def _start(self) -> None:
        pod = self._pod
        await pod.waiting.pause(pod.draw("kubelet_notice"))
        pod.start_time = pod.plane.store.clock.timestamp()
        pod.report()
        await self._mount()
        await pod.waiting.pause(pod.draw("kubelet_sandbox"))
        pod.plug_in()
        pod.report(addressed=False)
        for container in pod.init_containers:
            await self._complete(container)
        for container in pod.containers:
            await self._launch(container)
        self._sync_soon()

    async def _mount(self) -> None:
        """Wait for the ConfigMaps that the pod mounts, and for the keys that it names of them."""
        while missing := self._unmountable():
            volume, reason = missing
            message = f'MountVolume.SetUp failed for volume "{volume}" : {reason}'
            self._pod.event("FailedMount", message, warning=True)
            await self._pod.waiting.pause(_MOUNT_RETRY_S)

    def _unmountable(self) -> tuple[str, str] | None:
        """The first volume that cannot be mounted yet, and why."""
        namespace = self._pod.object["metadata"]["namespace"]
        for volume in self._pod.object["spec"].get("volumes") or ():
            source = volume.get("configMap")
            if not source or source.get("optional"):
                continue
            config_map = self._pod.plane.store.get("ConfigMap", namespace, source["name"])
            if config_map is None:
                return volume["name"], f'configmap "{source["name"]}" not found'
            keys = {*(config_map.get("data") or ()), *(config_map.get("binaryData") or ())}
            for item in source.get("items") or ():
                if item["key"] not in keys:
                    return volume["name"], f"configmap references non-existent config key: {item['key']}"
        return None

    async def _complete(self, container: Container) -> None:
        """Run an init container until it succeeds."""
        pod = self._pod
        while container.exit_code != 0:
            if container.retry_at_s is not None:
                await pod.waiting.pause(max(0.0, container.retry_at_s - pod.now_s()))
            await self._launch(container)
            pod.report()
            while container.is_running:
                await pod.waiting.sleep(None)
            if container.exit_code and pod.restart_policy == "Never":
                pod.report()
                await pod.waiting.for_ever()
            if container.exit_code:
                self._crashed(container)
            pod.report()

    async def _launch(self, container: Container) -> None:
        """Start a container, or let it wait where its image cannot be had."""
        pod = self._pod
        container.retry_at_s = None
        image = await self._images.get(container)
        if image is None:
            return
        await pod.waiting.pause(pod.draw("kubelet_create"))
        pod.event("Created", "Container created", container=container)
        process = pod.node.runtime.create_process(
            pod.object, {**container.spec, "image": image}, pod.ip, lambda code: self._exited(container, code)
        )
        await pod.waiting.pause(pod.draw("kubelet_start"))
        container.process = process
        container.started(pod.plane.store.clock.timestamp(), pod.now_s())
        await process.start()
        pod.event("Started", "Container started", container=container)
        await run_post_start(pod, container)

    # ---- life ----

    async def _tend(self) -> None:
        """Restart what is due until the pod is to stop; where it has run to its end, say so and wait for that."""
        pod = self._pod
        while pod.phase() not in TERMINAL:
            due = [c.retry_at_s for c in pod.containers if c.retry_at_s is not None]
            await pod.waiting.sleep(min(due, default=None))
            for container in pod.containers:
                if container.retry_at_s is not None and container.retry_at_s <= pod.now_s():
                    await self._launch(container)
                    self._sync_soon()
        await pod.unplug()
        pod.report()
        await pod.waiting.for_ever()

    def _exited(self, container: Container, code: int) -> None:
        container.exited(code, self._pod.plane.store.clock.timestamp())
        probe = self._probes.pop(container.name, None)
        if probe is not None:
            probe.stop()
        if self._pod.waiting.stopping or container in self._pod.init_containers:
            self._pod.waiting.wake()
        else:
            self._sync_at_relist()

    def _sync_soon(self) -> None:
        """Look at the containers that were just started: the kubelet asks for that itself (PLEGOnDemandRelist)."""
        self._after(self._pod.draw("kubelet_status"), self._sync)

    def _sync_at_relist(self) -> None:
        """Look at the containers at the kubelet's next round."""
        now_s = self._pod.now_s()
        self._after(self._pod.node.relist.next_s(now_s) - now_s + self._pod.draw("kubelet_status"), self._sync)

    def _sync(self) -> None:
        if self._pod.waiting.stopping:
            return
        for container in self._pod.containers:
            if container.exit_code is not None and container.retry_at_s is None and self._restarts(container):
                self._crashed(container)
            elif container.is_running and container.name not in self._probes:
                self._observe(container)
        self._pod.report()
        self._pod.waiting.wake()

    def _restarts(self, container: Container) -> bool:
        policy = self._pod.restart_policy
        return policy == "Always" or (policy == "OnFailure" and container.exit_code != 0)

    def _crashed(self, container: Container) -> None:
        meta = self._pod.object["metadata"]
        pod_name = f"{meta['name']}_{meta['namespace']}"
        delay_s = container.back_off(self._pod.now_s(), pod_name)
        container.retry_at_s = self._pod.now_s() + delay_s
        if delay_s:
            message = f"Back-off restarting failed container {container.name} in pod {pod_name}({meta['uid']})"
            self._pod.event("BackOff", message, container=container, warning=True)

    # ---- readiness ----

    def _observe(self, container: Container) -> None:
        """A container has been seen running: it is ready, or its readiness probe begins."""
        spec = container.spec.get("readinessProbe")
        if spec is None:
            container.ready = True
            return

        def ask(port: int, path: str) -> bool:
            return container.process is not None and container.process.probe(port, path)

        def became(ready: bool) -> None:  # the probe's verdict
            container.ready = ready
            if not ready:
                self._pod.event("Unhealthy", "Readiness probe failed", container=container, warning=True)
            self._after(self._pod.draw("kubelet_status"), self._report_unless_stopping)

        first_in_s = self._pod.draw("kubelet_probe")
        check = checker(spec, container.spec, ask)
        self._probes[container.name] = ReadinessProbe(self._pod.plane, spec, check, became, first_in_s)

    def _report_unless_stopping(self) -> None:
        if not self._pod.waiting.stopping:
            self._pod.report()

    def _stop_probes(self) -> None:
        for probe in self._probes.values():
            probe.stop()
        self._probes.clear()

    def _after(self, delay_s: float, callback: Callable[[], None]) -> None:
        def run() -> None:
            try:
                callback()
            except Exception:
                self._sync_at_relist()  # the error goes on to the plane; this pod is looked at again
                raise

        now_s = self._pod.now_s()
        self._timers = {timer for timer in self._timers if timer.when() > now_s and not timer.cancelled()}
        self._timers.add(self._pod.plane.call_later(delay_s, run))
