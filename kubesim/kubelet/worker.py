"""One pod on one node, from the moment that it is bound until its object is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from kubesim.containers.environment import ConfigError
from kubesim.kubelet import doom
from kubesim.kubelet.container import Container, Doom, Role
from kubesim.kubelet.ending import Ending
from kubesim.kubelet.hooks import run_post_start
from kubesim.kubelet.images import Images
from kubesim.kubelet.local_pod import LocalPod
from kubesim.kubelet.mounts import unmountable
from kubesim.kubelet.node import Node
from kubesim.kubelet.pod_probes import PodProbes
from kubesim.kubelet.prober import Kind
from kubesim.kubelet.status import foreign_conditions
from kubesim.kubelet.stopping import stop_container
from kubesim.kubelet.waiting import StoppingError
from kubesim.store import Object

_MOUNT_RETRY_S = 2.0  # how soon a volume whose source is missing is tried again; the kubelet backs off from 0.5 s


class PodWorker:
    """Starts a pod, restarts what crashes or fails its probes, keeps its status, and ends it.

    Not modelled: resources, evictions.
    """

    def __init__(self, node: Node, pod: Object) -> None:
        self.namespace: str = pod["metadata"]["namespace"]
        self.name: str = pod["metadata"]["name"]
        self._pod = LocalPod(node, pod)
        self._images = Images(self._pod)
        self._ending = Ending(self._pod)
        self._probes = PodProbes(self._pod, self._verdict)
        self._initialized = 0  # how many init containers have let the next one begin, once and for all
        self._finishing = False  # only sidecars are left, and are being stopped
        self._timers: set[asyncio.TimerHandle] = set()

    def changed(self, pod: Object) -> None:
        """A new state of the object: what may change in a running pod is its image, and others' conditions."""
        old, self._pod.object = self._pod.object, pod
        if self._pod.waiting.stopping:
            return
        if foreign_conditions(old) != foreign_conditions(pod):
            self._after(self._pod.draw("kubelet_status"), self._report_unless_stopping)
        if old["metadata"].get("generation") != pod["metadata"].get("generation"):
            self._after(self._pod.draw("kubelet_notice"), self._compare_images)

    def container(self, name: str) -> Container | None:
        """One of its containers, init containers among them."""
        return next((c for c in self._pod.all_containers if c.name == name), None)

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
            self._probes.stop(Kind.LIVENESS, Kind.STARTUP)
            await self._ending.run()
        finally:
            self._probes.stop()
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
        self._probes.start()
        await pod.waiting.pause(pod.draw("kubelet_sandbox"))
        pod.plug_in()
        pod.report(addressed=False)

    async def _mount(self) -> None:
        """Wait for the ConfigMaps and Secrets that the pod mounts, and for the keys that it names of them."""
        while missing := unmountable(self._pod.plane.store, self._pod.object):
            volume, reason = missing
            message = f'MountVolume.SetUp failed for volume "{volume}" : {reason}'
            self._pod.event("FailedMount", message, warning=True)
            await self._pod.waiting.pause(_MOUNT_RETRY_S)

    async def _launch(self, container: Container) -> None:
        """Start a container, or let it wait where its image, or what its environment refers to, cannot be had."""
        pod = self._pod
        container.retry_at_s = None
        name = self._images.name(container)
        image = await self._images.get(container)
        if image is None:
            return
        await pod.waiting.pause(pod.draw("kubelet_create"))
        spec = {**container.spec, "image": image}
        try:
            process = pod.node.runtime.create_process(
                pod.object, spec, pod.ip, lambda code: self._exited(container, code)
            )
        except ConfigError as exc:
            container.refused(exc.reason, str(exc))
            container.retry_at_s = pod.now_s() + pod.draw("kubelet_sync_retry")
            pod.event("Failed", f"Error: {exc}", container=container, warning=True)
            return
        pod.event("Created", "Container created", container=container)
        await pod.waiting.pause(pod.draw("kubelet_start"))
        container.begin(process, name, pod.plane.store.clock.timestamp(), pod.now_s())
        await process.start()
        pod.event("Started", "Container started", container=container)
        await run_post_start(pod, container)

    # ---- life ----

    async def _tend(self) -> None:
        """Start what is due until the pod is to stop; where it has run to its end, say so and wait for that."""
        pod = self._pod
        while not pod.is_over:
            for container in pod.all_containers:
                if container.doom is not None:
                    await self._restart(container, container.doom)
            waits = {c: c.retry_at_s for c in self._whose_turn_it_is() if c.retry_at_s is not None}
            due = [c for c, at_s in waits.items() if at_s <= pod.now_s()]
            for container in due:
                await self._launch(container)
            if due:
                self._sync_soon()
            else:
                await pod.waiting.sleep(min(waits.values(), default=None))
        self._finishing = True
        self._probes.stop(Kind.LIVENESS, Kind.STARTUP)
        if pod.running():
            self._ending.grace_s = float(pod.object["spec"].get("terminationGracePeriodSeconds") or 0)
            await self._ending.stop_containers()
        self._probes.stop()
        await pod.unplug()
        pod.report()
        await pod.waiting.for_ever()

    def _whose_turn_it_is(self) -> list[Container]:
        """Containers that may run now: sidecars that have begun, and the next init container or all main ones."""
        first = self._pod.init_containers
        while self._initialized < len(first) and first[self._initialized].initialized:
            self._initialized += 1
        begun = [c for c in first[: self._initialized] if c.role is Role.SIDECAR]
        return [*begun, *(first[self._initialized : self._initialized + 1] or self._pod.containers)]

    async def _restart(self, container: Container, why: Doom) -> None:
        """Stop a container that is to be started anew; one that has ended meanwhile is looked at as any other."""
        pod, running = self._pod, container.is_running
        if running:
            pod.event("Killing", why.message, container=container)
            await stop_container(pod, container, why.grace_s)
        container.doom = None
        if not running:
            self._sync_at_relist()
        elif why.restarts or pod.restarts(container):
            self._starts_again_in(container, container.back_off_after_stop(pod.now_s(), self._full_name()))

    def _exited(self, container: Container, code: int) -> None:
        timestamp = self._pod.plane.store.clock.timestamp()
        container.exited(code, timestamp, noticed=not self._pod.waiting.stopping)
        if self._pod.waiting.stopping or self._finishing or container.doom is not None:
            self._pod.waiting.wake()  # a coroutine that stops it waits for this exit
        if not self._pod.waiting.stopping and not self._finishing:
            self._sync_at_relist()

    def _sync_soon(self) -> None:
        """Look at the containers that were just started: the kubelet asks for that itself (PLEGOnDemandRelist)."""
        self._after(self._pod.draw("kubelet_status"), self._sync)

    def _sync_at_relist(self) -> None:
        """Look at the containers at the kubelet's next round."""
        now_s = self._pod.now_s()
        self._after(self._pod.node.relist.next_s(now_s) - now_s + self._pod.draw("kubelet_status"), self._sync)

    def _sync(self) -> None:
        pod = self._pod
        if pod.waiting.stopping:
            return
        for container in pod.all_containers:
            ended = container.exit_code is not None and container.retry_at_s is None and container.doom is None
            if ended and pod.restarts(container):
                self._starts_again_in(container, container.back_off(pod.now_s(), self._full_name()))
            elif container.is_running and not container.seen:
                container.seen = True
                self._compare_images()  # it may have been changed while it was being started
                if not self._probes.has(container, Kind.STARTUP):
                    self._has_started(container)
        pod.report()
        pod.waiting.wake()

    def _starts_again_in(self, container: Container, delay_s: float) -> None:
        container.retry_at_s = self._pod.now_s() + delay_s
        if delay_s:
            uid = self._pod.object["metadata"]["uid"]
            message = f"Back-off restarting failed container {container.name} in pod {self._full_name()}({uid})"
            self._pod.event("BackOff", message, container=container, warning=True)

    def _full_name(self) -> str:
        return f"{self.name}_{self.namespace}"

    def _compare_images(self) -> None:
        """The image is what may be changed of a pod: it counts for what runs, and for what waits."""
        for container in self._pod.all_containers:
            changed = self._images.name(container) != container.image
            if container.is_running and changed and container.role is not Role.INIT:
                container.doom = doom.of_image(self._pod, container)
                container.forget_back_off()
            elif container.retry_at_s is not None and changed:
                container.forget_back_off()
                container.retry_at_s = self._pod.now_s()
        self._pod.waiting.wake()

    # ---- probes ----

    def _has_started(self, container: Container) -> None:
        container.started = True
        if container.role is Role.INIT:
            return
        if self._probes.has(container, Kind.READINESS):
            self._probes.ask_readiness(container)
        else:
            container.ready = True

    def _verdict(self, container: Container, kind: Kind, passed: bool | None) -> None:
        """A probe says something new."""
        if kind is Kind.READINESS:
            container.ready = bool(passed)
        elif kind is Kind.STARTUP and passed:
            self._has_started(container)
        elif passed is False and container.is_running:
            container.doom = doom.of_probe(self._pod, container, kind)
            self._pod.waiting.wake()
        self._after(self._pod.draw("kubelet_status"), lambda: self._after_verdict(container))

    def _after_verdict(self, container: Container) -> None:
        self._pod.report()
        if container.started and not container.ready:
            self._probes.ask_readiness(container)
        if not self._pod.waiting.stopping:
            self._pod.waiting.wake()

    def _report_unless_stopping(self) -> None:
        if not self._pod.waiting.stopping:
            self._pod.report()

    def _after(self, delay_s: float, callback: Callable[[], None]) -> None:
        def run() -> None:
            try:
                callback()
            except Exception:
                self._sync_at_relist()  # the pod is tried again; the error itself is the plane's to report
                raise

        now_s = self._pod.now_s()
        self._timers = {timer for timer in self._timers if timer.when() > now_s and not timer.cancelled()}
        self._timers.add(self._pod.plane.call_later(delay_s, run))
