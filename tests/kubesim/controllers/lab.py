"""A control plane with nodes but without network and DNS: containers are played by `FakeProcess`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from kubesim.api import deletion
from kubesim.api.registry import Registry
from kubesim.bootstrap import create_machines
from kubesim.containers.input import Input
from kubesim.containers.log import Log
from kubesim.control_plane import ControlPlane
from kubesim.controllers.pod_facts import record_pod_facts
from kubesim.delays import CONTROLLER_DELAYS
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Change, Object, Store, clone
from kubesim.tasks import Tasks
from kubesim.truth import Truth
from kubesim.virtual import run_virtual

_T = TypeVar("_T")
# Each delay at one value, so that instants are exact; the kubelets look at their containers at a time of their own.
POLICY = {"imagePullPolicy": "IfNotPresent"}  # else images without a tag are pulled
EXACT = {d.name: (d.low_s, d.low_s) for d in CONTROLLER_DELAYS}


class FakeProcess:
    """Does as its image says: `polite` exits on SIGTERM, `stubborn` does not, `crash` and `once` end after a second."""

    reads_stdin = False

    def __init__(self, lab: Lab, pod: Object, container: Object, on_exit: Callable[[int], None]) -> None:
        self.message = self.reason = ""
        self.log = Log(lab.clock)
        self._lab = lab
        self._pod_name = pod["metadata"]["name"]
        self._name = container["name"]
        self._image = container["image"]
        self._on_exit: Callable[[int], None] | None = on_exit

    async def start(self) -> None:
        self._lab.note("started", self._pod_name)
        if self._image in ("crash", "once"):
            self._lab.loop.call_later(1.0, self._end, 3 if self._image == "crash" else 0)

    async def execute(
        self, argv: tuple[str, ...], stdin: Input, out: Callable[[str], None], err: Callable[[str], None]
    ) -> int:
        self._lab.note(f"ran {' '.join(argv)}", self._pod_name)
        return int(argv[-1]) if argv[-1].isdigit() else 0

    def close_stdin(self) -> None:
        pass

    def terminate(self) -> None:
        self._lab.note("SIGTERM", self._pod_name)
        self._lab.signalled.append((self._lab.clock.now_s(), self._name))
        if self._image == "polite":
            self._lab.loop.call_soon(self._end, 0)

    def kill(self) -> None:
        self._lab.loop.call_soon(self._end, 137)

    def _end(self, code: int) -> None:
        if self._on_exit is not None:
            self._lab.note(f"exited {code}", self._pod_name)
            on_exit, self._on_exit = self._on_exit, None
            on_exit(code)


class AnsweringTransport(asyncio.Transport):
    """One connection to a server that answers 200 to everything."""

    def __init__(self, client: asyncio.Protocol) -> None:
        super().__init__()
        self._client = client

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._client.data_received(b"HTTP/1.1 200 OK\r\n\r\n")

    def close(self) -> None:
        self._client.connection_lost(None)


class Lab:
    """Everything that a test of controllers and kubelets touches."""

    def __init__(self, *, seed: int = 0, overrides: dict[str, tuple[float, float]] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = SimClock(self.loop, datetime(2026, 1, 1, tzinfo=UTC))
        self.store = Store(self.clock, seed, history=1_000_000)
        self.model = Model(seed, CONTROLLER_DELAYS, overrides)
        self.registry = Registry(self.store, self.model)
        self.truth = Truth()
        self.tasks = Tasks()
        self.unready: set[str] = set()
        self.hosts: set[str] = set()
        self.cut: set[str] = set()
        self.log: list[tuple[float, str, str]] = []
        self.signalled: list[tuple[float, str]] = []  # when each container got SIGTERM
        self.commits: list[tuple[float, Change]] = []
        self.plane: ControlPlane

    async def __aenter__(self) -> Self:
        await self.tasks.start()
        self.plane = ControlPlane(
            self.store, self.registry, self.model, self, self, spawn=self.tasks.spawn, fail=self.tasks.fail
        )
        record_pod_facts(self.store, self.truth)
        self.store.subscribe(lambda change: self.commits.append((self.clock.now_s(), change)))
        create_machines(self.store, self.registry)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.plane.stop()
        await self.tasks.stop()
        if error is None and self.tasks.error is not None:
            raise self.tasks.error

    # ---- the runtime and the network that kubelets see ----

    example_images = ("polite", "stubborn")

    def knows_image(self, image: str) -> bool:
        return image in ("polite", "stubborn", "crash", "once")

    def create_process(self, pod: Object, container: Object, ip: str, on_exit: Callable[[int], None]) -> FakeProcess:
        return FakeProcess(self, pod, container, on_exit)

    def add_host(self, ip: str) -> None:
        assert ip not in self.hosts
        self.hosts.add(ip)

    def remove_host(self, ip: str) -> None:
        self.hosts.remove(ip)
        self.cut.discard(ip)

    async def open_tcp(
        self, factory: Callable[[], asyncio.Protocol], address: str, port: int, *, source: str
    ) -> asyncio.Transport:
        """A server that answers 200 to everything, unless the pod at the address is `unready`."""
        pods = {pod["status"].get("podIP"): pod["metadata"]["name"] for pod in self.store.list("Pod", "default")}
        if pods.get(address) in self.unready:
            raise ConnectionRefusedError
        return AnsweringTransport(factory())

    def cut_off(self, ip: str, node: str) -> None:
        self.cut.add(ip)

    def rejoin(self, ip: str) -> None:
        self.cut.discard(ip)

    # ---- what tests do and ask ----

    def note(self, what: str, pod: str) -> None:
        self.log.append((self.clock.now_s(), what, pod))

    def create(self, kind: str, name: str, **fields: Any) -> Object:
        return self.registry.create(kind, {"metadata": {"name": name, "namespace": "default"}, **fields})

    def statefulset(self, name: str = "web", **spec: Any) -> Object:
        return self.create("StatefulSet", name, spec=workload_spec(name, **{"serviceName": name, **spec}))

    def patch(self, kind: str, name: str, change: Callable[[Object], None]) -> Object:
        obj = clone(self.get(kind, name))
        change(obj)
        return self.registry.update(kind, obj)

    def delete(self, kind: str, name: str, **how: Any) -> None:
        deletion.delete(self.store, kind, "" if kind == "Namespace" else "default", name, **how)

    def get(self, kind: str, name: str) -> Object:
        obj = self.store.get(kind, "default", name)
        assert obj is not None, f"no {kind} {name}"
        return obj

    def names(self, kind: str) -> list[str]:
        return [obj["metadata"]["name"] for obj in self.store.list(kind, "default")]

    def steps(self, since_s: float = 0.0) -> list[str]:
        """What happened to pods, in order: ``web-0 created``."""
        return [f"{f.name} {f.value[0]}" for f in self.truth.of("pod") if f.at_s >= since_s]

    def when(self, what: str, since_s: float = 0.0) -> float:
        """The first instant since then of a pod's step or of a process's note: ``web-0 created``, ``web-0 SIGTERM``."""
        steps = [(f.at_s, f"{f.name} {f.value[0]}") for f in self.truth.of("pod")]
        notes = [(at_s, f"{pod} {event}") for at_s, event, pod in self.log]
        return min(at_s for at_s, found in [*steps, *notes] if found == what and at_s >= since_s)

    def events(self, name: str) -> list[str]:
        rows = [e for e in self.store.list("Event", "default") if e["involvedObject"]["name"] == name]
        return [f"{e['reason']}: {e['message']}" for e in rows]

    def statuses(self, kind: str, name: str) -> list[tuple[float, Object]]:
        """Each state of an object with its instant."""
        return [(at, c.object) for at, c in self.commits if c.kind == kind and c.object["metadata"]["name"] == name]


def workload_spec(name: str, *, image: str = "polite", container: Object | None = None, **spec: Any) -> Object:
    """A spec with the smallest pod template that is accepted."""
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [{**POLICY, "name": "main", "image": image, **(container or {})}],
            **spec.pop("pod", {}),
        },
    }
    return {"replicas": 1, "selector": {"matchLabels": labels}, "template": template, **spec}


def in_lab(test: Callable[[Lab], Awaitable[_T]], **lab: Any) -> _T:
    """Run a test's coroutine in a lab in virtual time."""

    async def main() -> _T:
        async with Lab(**lab) as made:
            return await test(made)

    return run_virtual(main())
