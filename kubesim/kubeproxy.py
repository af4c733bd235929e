"""kube-proxy: which pods a ClusterIP's packets go to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from math import inf

from kubesim.model import Delay, Model
from kubesim.network import Network
from kubesim.store import Change, Object, Store
from kubesim.truth import Fact, Truth

KUBEPROXY_DELAYS = (
    Delay("kubeproxy_sync", 0.006, 0.028, "lab: slice changed to refused 18-28 ms, to served 6-16 ms, on an idle node"),
    Delay("kubeproxy_min_sync", 1.0, 1.0, "Kubernetes default (minSyncPeriod); lab: 0.84-1.2 s for changes in a row"),
)

_AFFINITY_DEFAULT_S = 10800  # Kubernetes default (DefaultClientIPServiceAffinitySeconds)
_HEADLESS_LABEL = "service.kubernetes.io/headless"
_SERVICE_NAME_LABEL = "kubernetes.io/service-name"
_ServiceKey = tuple[str, str]  # namespace, name
_Target = tuple[str, int]
_ProgrammedPort = tuple[str, int, str]  # address, port, protocol


class KubeProxy:
    """Programs service ports from Services and EndpointSlices in syncs: each a named delay after a change, and at least
    the minimum sync period after the one before; a sync takes in every change up to then.

    There is one, not one per node: all nodes learn at the same instant. A port's backends are its ready endpoints;
    where none is ready, those that are serving though terminating; where there is neither, packets are rejected.
    sessionAffinity ClientIP keeps a client's connections at one backend.
    """

    def __init__(self, store: Store, network: Network, model: Model, truth: Truth) -> None:
        self._store, self._network, self._model, self._truth = store, network, model, truth
        self._services: dict[_ServiceKey, Object] = {}
        self._slices: dict[_ServiceKey, dict[str, Object]] = {}
        self._programmed: dict[_ServiceKey, dict[_ProgrammedPort, tuple[_Target, ...]]] = {}
        self._affinity_s: dict[_ServiceKey, float] = {}
        self._pending: list[Change] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last_sync_s = -inf
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Program what exists, and follow it from now on."""
        for kind in ("EndpointSlice", "Service"):
            for obj in self._store.list(kind):
                self._apply(Change(0, "ADDED", kind, obj, None))
        self._unsubscribe = self._store.subscribe(self._on_change)

    def stop(self) -> None:
        """Follow no longer; what is programmed stays, as on a node whose kube-proxy has died."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending.clear()

    def _on_change(self, change: Change) -> None:
        if change.kind not in ("Service", "EndpointSlice") or _is_headless(change.object):
            return
        self._pending.append(change)
        if self._timer is None:
            clock = self._store.clock
            soonest_s = self._last_sync_s + self._model.draw("kubeproxy_min_sync")
            at_s = max(clock.now_s() + self._model.draw("kubeproxy_sync"), soonest_s)
            self._timer = clock.loop.call_at(at_s, self._sync)

    def _sync(self) -> None:
        self._timer = None
        self._last_sync_s = self._store.clock.now_s()
        pending, self._pending = self._pending, []
        for change in pending:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        meta = change.object["metadata"]
        namespace, name = meta.get("namespace", ""), meta["name"]
        gone = change.type == "DELETED"
        if change.kind == "Service":
            key = namespace, name
            if gone:
                self._services.pop(key, None)
            else:
                self._services[key] = change.object
        else:
            key = namespace, (meta.get("labels") or {}).get(_SERVICE_NAME_LABEL, "")
            slices = self._slices.setdefault(key, {})
            if gone:
                slices.pop(name, None)
            else:
                slices[name] = change.object
        self._program(key)

    def _program(self, key: _ServiceKey) -> None:
        wanted = dict(self._ports(key))
        before = self._programmed.get(key, {})
        for port in before:
            if port not in wanted:
                self._network.remove_service(*port)
        affinity_s = _affinity_s(self._services.get(key, {}))
        changed = affinity_s != self._affinity_s.get(key, 0.0)
        self._affinity_s[key] = affinity_s
        for port, backends in wanted.items():
            if changed or before.get(port) != backends:
                self._network.set_service(*port, backends, affinity_s)
        self._programmed[key] = wanted
        self._say(key, before, wanted)

    def _ports(self, key: _ServiceKey) -> Iterable[tuple[_ProgrammedPort, tuple[_Target, ...]]]:
        spec = self._services.get(key, {}).get("spec", {})
        address = spec.get("clusterIP", "")
        if address in ("", "None"):
            return
        for port in spec.get("ports") or ():
            protocol = port.get("protocol") or "TCP"
            if protocol in ("TCP", "UDP"):
                yield (address, port["port"], protocol), self._backends(key, port.get("name") or "", protocol)

    def _backends(self, key: _ServiceKey, port_name: str, protocol: str) -> tuple[_Target, ...]:
        ready: set[_Target] = set()
        draining: set[_Target] = set()
        for piece in self._slices.get(key, {}).values():
            numbers = [
                p["port"]
                for p in piece.get("ports") or ()
                if (p.get("name") or "") == port_name and (p.get("protocol") or "TCP") == protocol and p.get("port")
            ]
            for endpoint in piece.get("endpoints") or ():
                targets = {(address, n) for address in endpoint.get("addresses") or () for n in numbers}
                conditions = endpoint.get("conditions") or {}
                if conditions.get("ready") is not False:
                    ready |= targets
                elif conditions.get("serving") and conditions.get("terminating"):
                    draining |= targets
        return tuple(sorted(ready or draining))

    def _say(
        self,
        key: _ServiceKey,
        before: dict[_ProgrammedPort, tuple[_Target, ...]],
        after: dict[_ProgrammedPort, tuple[_Target, ...]],
    ) -> None:
        """One fact per address whose backends' addresses have changed."""

        def routes(ports: dict[_ProgrammedPort, tuple[_Target, ...]]) -> dict[str, tuple[str, ...]]:
            found: dict[str, set[str]] = {}
            for (address, _, _), backends in ports.items():
                found.setdefault(address, set()).update(backend for backend, _ in backends)
            return {address: tuple(sorted(backends)) for address, backends in found.items()}

        old, new = routes(before), routes(after)
        for address in sorted(old.keys() | new.keys()):
            value = new.get(address, ())
            if value != old.get(address, ()):
                self._truth.add(Fact(self._store.clock.now_s(), "service", key[1], address, value))


def _is_headless(obj: Object) -> bool:
    """Objects that kube-proxy does not even watch, or that make it program nothing."""
    labels = obj["metadata"].get("labels") or {}
    return _HEADLESS_LABEL in labels or obj.get("spec", {}).get("clusterIP") == "None"


def _affinity_s(service: Object) -> float:
    """How long a client stays with its backend; 0: it does not. The API server fills in the timeout."""
    spec = service.get("spec", {})
    if spec.get("sessionAffinity") != "ClientIP":
        return 0.0
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return float(config.get("timeoutSeconds", _AFFINITY_DEFAULT_S))
