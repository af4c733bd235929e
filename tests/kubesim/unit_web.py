"""The course unit's lab on a sandbox: headless service `web`, StatefulSet `web`, and what truly happened to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from kubesim import Cluster, run_virtual
from kubesim.store import Change, Object, clone

_T = TypeVar("_T")
LABELS = {"app": "web-stateful"}
# The unit's own. On a Debian image the shell stays PID 1 and ignores SIGTERM; on its own one, nginx:alpine, nginx is.
LINE = "echo 'Hello from '$(hostname) > /usr/share/nginx/html/index.html && nginx -g 'daemon off;'"
DOMAIN = "web.default.svc.cluster.local"


class UnitWeb:
    """A started sandbox, with ways to change it and to ask its truth log."""

    def __init__(self, sandbox: Cluster) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.commits: list[tuple[float, Change]] = []
        self.store.subscribe(lambda change: self.commits.append((self.now_s(), change)))

    def now_s(self) -> float:
        return self.sandbox.clock.now_s()

    def deploy(
        self,
        *,
        replicas: int = 3,
        service_name: str = "web",
        services: bool = True,
        image: str = "nginx:1.29",
        **pod: Any,
    ) -> None:
        registry = self.sandbox.api.registry
        ports = [{"name": "web", "port": 80, "targetPort": "web"}]
        container = {
            "name": "nginx",
            "image": image,
            "command": ["/bin/sh"],
            "args": ["-c", LINE],
            "ports": [{"name": "web", "containerPort": 80}],
        }
        if services:
            meta = {"name": "web", "namespace": "default"}
            registry.create(
                "Service", {"metadata": meta, "spec": {"clusterIP": "None", "selector": LABELS, "ports": ports}}
            )
            one = {**LABELS, "statefulset.kubernetes.io/pod-name": "web-1"}
            meta = {"name": "only-web-1", "namespace": "default"}
            spec = {"clusterIP": "10.96.9.9", "selector": one, "ports": ports}
            registry.create("Service", {"metadata": meta, "spec": spec})
        template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container], **pod}}
        set_spec = {
            "serviceName": service_name,
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": template,
        }
        registry.create("StatefulSet", {"metadata": {"name": "web", "namespace": "default"}, "spec": set_spec})

    def scale(self, replicas: int) -> None:
        obj = clone(self.get("StatefulSet", "web"))
        obj["spec"]["replicas"] = replicas
        self.sandbox.api.registry.update("StatefulSet", obj)

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        obj = self.store.get(kind, namespace, name)
        assert obj is not None, f"no {kind} {name}"
        return obj

    def pod_step(self, pod: str, step: str, since_s: float) -> float:
        """The first instant from `since_s` on at which a pod took a step, such as ``created`` or ``gone``."""
        facts = self.sandbox.truth.of("pod", name=pod)
        return min(f.at_s for f in facts if f.value == (step,) and f.at_s >= since_s)

    def steps(self, since_s: float) -> list[str]:
        facts = self.sandbox.truth.of("pod")
        return [f"{f.name} {f.value[0]}" for f in facts if f.at_s >= since_s and f.value != ("scheduled",)]

    def dns(self, name: str, since_s: float, rtype: str = "A") -> dict[str, list[tuple[float, tuple[str, ...]]]]:
        """By replica, each change of what is answered."""
        found: dict[str, list[tuple[float, tuple[str, ...]]]] = {}
        for fact in self.sandbox.truth.of("dns", name=f"{name}.default.svc.cluster.local", rtype=rtype):
            if fact.at_s >= since_s:
                found.setdefault(fact.where, []).append((fact.at_s, fact.value))
        return found

    def answered(self, name: str, rtype: str = "A") -> set[tuple[str, ...]]:
        """What the replicas answer now."""
        return {changes[-1][1] for changes in self.dns(name, 0.0, rtype).values()}

    def serving(self, address: str) -> list[tuple[float, bool]]:
        """When the container at an address began and ceased to serve."""
        return [(f.at_s, bool(f.value)) for f in self.sandbox.truth.of("serving", where=address)]

    def ceased_s(self, address: str) -> float:
        """When the container at an address stopped serving, once and for all."""
        (ceased_s,) = [at_s for at_s, serves in self.serving(address) if not serves]
        return ceased_s

    def phase_since(self, uid: str, phase: str) -> float:
        rows = [(at, c.object) for at, c in self.commits if c.kind == "Pod" and c.object["metadata"]["uid"] == uid]
        return next(at for at, pod in rows if pod["status"]["phase"] == phase)

    def endpoints(self, service: str, since_s: float) -> list[tuple[float, dict[str, str]]]:
        """Each state of a service's slice: R(eady), S(erving), T(erminating) by pod."""
        states = []
        for at_s, change in self.commits:
            if change.kind != "EndpointSlice" or at_s < since_s:
                continue
            if change.object["metadata"]["labels"]["kubernetes.io/service-name"] == service:
                states.append((at_s, {e["targetRef"]["name"]: flags(e) for e in change.object["endpoints"]}))
        return states


def flags(endpoint: Object) -> str:
    return "".join(k[0].upper() for k in ("ready", "serving", "terminating") if endpoint["conditions"][k])


def in_unit_web(test: Callable[[UnitWeb], Awaitable[_T]], **sandbox: Any) -> _T:
    """Run a test's coroutine on a started sandbox in virtual time."""

    async def main() -> _T:
        async with Cluster(**sandbox) as made:
            return await test(UnitWeb(made))

    return run_virtual(main())
