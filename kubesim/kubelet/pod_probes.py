"""All probes of one pod."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.kubelet.container import Container, Role
from kubesim.kubelet.local_pod import LocalPod
from kubesim.kubelet.prober import Kind, Prober

_Changed = Callable[[Container, Kind, bool | None], None]


class PodProbes:
    """Runs a task for each probe; a pod without probes has none.

    Args:
        changed: as `Prober` says.
    """

    def __init__(self, pod: LocalPod, changed: _Changed) -> None:
        self._pod = pod
        self._changed = changed
        self._probers: dict[tuple[str, Kind], Prober] = {}
        self._tasks: dict[tuple[str, Kind], asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to tick."""
        for container in self._pod.all_containers:
            if container.role is Role.INIT:
                continue  # they have no probes
            for kind in Kind:
                if container.spec.get(kind.field):
                    key = (container.name, kind)
                    self._probers[key] = Prober(self._pod, container, kind, self._changed)
                    self._tasks[key] = asyncio.ensure_future(self._run(self._probers[key]))

    def has(self, container: Container, kind: Kind) -> bool:
        """Whether the container has such a probe."""
        return bool(container.spec.get(kind.field)) and container.role is not Role.INIT

    def ask_readiness(self, container: Container) -> None:
        """Ask out of turn."""
        prober = self._probers.get((container.name, Kind.READINESS))
        if prober is not None:
            prober.trigger()

    def stop(self, *kinds: Kind) -> None:
        """Ask no more: probes of these kinds, or all."""
        for (_, kind), task in self._tasks.items():
            if not kinds or kind in kinds:
                task.cancel()

    async def _run(self, prober: Prober) -> None:
        try:
            await prober.run()
        except Exception as exc:  # noqa: BLE001  # it concerns this probe only; reported, not lost
            meta = self._pod.object["metadata"]
            exc.add_note(f"a {prober.kind.value.lower()} probe of {meta['namespace']}/{meta['name']}")
            self._pod.plane.fail(exc)
