"""kube-proxy: which pods a ClusterIP's packets go to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from math import inf

from chaos.sandbox.model import Delay, Model
from chaos.sandbox.network import Network
from chaos.sandbox.store import Change, Object, Store
from chaos.sandbox.truth import Fact, Truth

KUBEPROXY_DELAYS = (
    Delay(
        "kubeproxy_sync",
        0.005,
        0.030,
        "assumption: an idle kube-proxy programs a change at once, in iptables-restore's time; bursts, which it "
        "batches to one sync per second (minSyncPeriod), are not modelled",
    ),
)

_SERVICE_NAME_LABEL = "kubernetes.io/service-name"
_ServiceKey = tuple[str, str]  # namespace, name
_Target = tuple[str, int]
_ProgrammedPort = tuple[str, int, str]  # address, port, protocol


class KubeProxy:
    """Programs service ports from Services and EndpointSlices, a named delay after each change, in order.

    There is one, not one per node: all nodes learn at the same instant. A port's backends are its ready endpoints;
    where none is ready, those that are serving though terminating; where there is neither, packets are rejected.
    """

    def __init__(self, store: Store, network: Network, model: Model, truth: Truth) -> None:
        self._store, self._network, self._model, self._truth = store, network, model, truth
        self._services: dict[_ServiceKey, Object] = {}
        self._slices: dict[_ServiceKey, dict[str, Object]] = {}
        self._programmed: dict[_ServiceKey, dict[_ProgrammedPort, tuple[_Target, ...]]] = {}
        self._pending: deque[Change] = deque()
        self._timers: deque[asyncio.TimerHandle] = deque()
        self._last_apply_s = -inf
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
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._pending.clear()

    def _on_change(self, change: Change) -> None:
        if change.kind not in ("Service", "EndpointSlice"):
            return
        clock = self._store.clock
        self._last_apply_s = max(self._last_apply_s, clock.now_s() + self._model.draw("kubeproxy_sync"))
        self._pending.append(change)
        self._timers.append(clock.loop.call_at(self._last_apply_s, self._apply_next))

    def _apply_next(self) -> None:
        # Each timer takes the oldest change, whichever timer it is: asyncio does not order timers of one instant.
        self._timers.popleft()
        self._apply(self._pending.popleft())

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
        for port, backends in wanted.items():
            if before.get(port) != backends:
                self._network.set_service(*port, backends)
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
