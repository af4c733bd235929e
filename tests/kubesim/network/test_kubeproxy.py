"""Which backends a service address has, and since when."""

from __future__ import annotations

import asyncio
import copy
import errno
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kubesim.kubeproxy import KUBEPROXY_DELAYS, KubeProxy
from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.truth import Truth
from kubesim.virtual import run_virtual
from tests.kubesim.network.net_lab import EXACT, POD, VIP, Client, Echo, Receiver, saying

_READY = {"ready": True, "serving": True, "terminating": False}
_DRAINING = {"ready": False, "serving": True, "terminating": True}
_FAILED = {"ready": False, "serving": False, "terminating": True}
_OTHER = "10.244.1.6"


class _Lab:
    """A service with port 80/TCP and 53/UDP, kube-proxy, and one pod that serves both."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        clock = SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC))
        overrides = EXACT | {"kubeproxy_sync": (0.020, 0.020)}
        model = Model(1, NETWORK_DELAYS + KUBEPROXY_DELAYS, overrides)
        self.store, self.truth, self.net = Store(clock, 1), Truth(), Network(loop, model)
        self.proxy = KubeProxy(self.store, self.net, model, self.truth)

    async def serve(self) -> None:
        self.net.add_host(POD)
        await self.net.listen_tcp(POD, 8080, Echo)
        await self.net.listen_udp(POD, 5353, saying(b"pong"))

    def create(self, *endpoints: tuple[str, dict[str, bool]]) -> None:
        meta = {"name": "one", "namespace": "default"}
        ports = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
        self.store.create("Service", {"metadata": meta, "spec": {"clusterIP": VIP, "ports": ports}})
        labels = {"kubernetes.io/service-name": "one"}
        numbers = [{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 5353, "protocol": "UDP"}]
        slice_ = {"metadata": {**meta, "name": "one-x", "labels": labels}, "ports": numbers, "endpoints": []}
        self.store.create("EndpointSlice", slice_)
        self.set(*endpoints)

    def set(self, *endpoints: tuple[str, dict[str, bool]]) -> None:
        obj = copy.deepcopy(self.store.get("EndpointSlice", "default", "one-x"))
        assert obj is not None
        obj["endpoints"] = [{"addresses": [a], "conditions": conditions} for a, conditions in endpoints]
        self.store.update("EndpointSlice", obj)

    async def connects(self) -> bool:
        try:
            (await self.net.open_tcp(Client, VIP, 80)).close()
        except ConnectionRefusedError:
            return False
        return True

    def routes(self) -> list[tuple[float, tuple[str, ...]]]:
        return [(round(f.at_s, 9), f.value) for f in self.truth.of("service", "one", VIP)]


def _run(test: Callable[[_Lab], Awaitable[None]]) -> None:
    async def main() -> None:
        lab = _Lab()
        await lab.serve()
        lab.proxy.start()
        await test(lab)
        lab.proxy.stop()

    run_virtual(main())


def test_it_programs_a_change_after_exactly_its_delay() -> None:
    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY))
        await asyncio.sleep(0.0199)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0):
                await lab.connects()
        await asyncio.sleep(0.0002)
        assert await lab.connects()
        assert lab.routes() == [(0.020, (POD,))]

    _run(test)


def test_changes_in_a_row_wait_for_the_minimum_sync_period_and_are_programmed_together() -> None:
    """Seen on a real cluster: 20 ms after a quiet second, about 1 s after another change."""

    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY))
        await asyncio.sleep(0.5)
        lab.set((POD, _FAILED))
        await asyncio.sleep(0.1)
        lab.set((_OTHER, _READY))
        await asyncio.sleep(5)
        assert lab.routes()[0] == (0.020, (POD,))
        assert {at_s for at_s, _ in lab.routes()[1:]} == {1.020}
        assert lab.routes()[-1] == (1.020, (_OTHER,))

    _run(test)


def test_headless_services_do_not_use_up_the_sync_period() -> None:
    async def test(lab: _Lab) -> None:
        labels = {"kubernetes.io/service-name": "web", "service.kubernetes.io/headless": ""}
        meta = {"name": "web-x", "namespace": "default", "labels": labels}
        lab.store.create("EndpointSlice", {"metadata": meta, "endpoints": []})
        await asyncio.sleep(0.5)
        lab.create((POD, _READY))
        await asyncio.sleep(1)
        assert lab.routes() == [(0.520, (POD,))]

    _run(test)


def test_the_target_port_and_the_protocol_are_kept_apart() -> None:
    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY))
        await asyncio.sleep(1)
        receiver = Receiver()
        lab.net.open_udp(VIP, 53, receiver).send(b"ping")
        assert await lab.connects()
        await asyncio.sleep(1)
        assert [data for _, data in receiver.seen] == [b"pong"]

    _run(test)


def test_the_only_endpoint_goes_on_serving_while_it_terminates_and_is_refused_afterwards() -> None:
    """The same deletion is an outage at once for who asks DNS, and at the end of grace for who uses the service."""

    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY))
        await asyncio.sleep(1)
        lab.set((POD, _DRAINING))
        await asyncio.sleep(1)
        assert await lab.connects()
        lab.set((POD, _FAILED))
        await asyncio.sleep(1)
        assert not await lab.connects()
        receiver = Receiver()
        lab.net.open_udp(VIP, 53, receiver).send(b"ping")
        await asyncio.sleep(1)
        assert [data for _, data in receiver.seen] == [errno.EPERM, errno.ECONNREFUSED]
        assert [value for _, value in lab.routes()] == [(POD,), ()]

    _run(test)


def test_a_terminating_endpoint_gets_nothing_while_another_is_ready() -> None:
    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY), (_OTHER, _DRAINING))
        await asyncio.sleep(1)
        assert [value for _, value in lab.routes()][-1] == (POD,)
        lab.set((POD, _FAILED), (_OTHER, _READY))
        await asyncio.sleep(1)
        assert [value for _, value in lab.routes()][-1] == (_OTHER,)

    _run(test)


def test_a_deleted_service_leaves_no_rule_behind() -> None:
    async def test(lab: _Lab) -> None:
        lab.create((POD, _READY))
        await asyncio.sleep(1)
        lab.store.remove("Service", "default", "one")
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await lab.connects()
        assert [value for _, value in lab.routes()] == [(POD,), ()]

    _run(test)


def test_a_headless_service_is_none_of_its_business() -> None:
    async def test(lab: _Lab) -> None:
        spec: dict[str, Any] = {"clusterIP": "None", "ports": [{"port": 80}]}
        lab.store.create("Service", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
        await asyncio.sleep(1)
        assert lab.truth.facts == []

    _run(test)


def test_what_exists_at_the_start_is_programmed_at_once() -> None:
    async def main() -> None:
        lab = _Lab()
        await lab.serve()
        lab.create((POD, _READY))
        lab.proxy.start()
        assert await lab.connects()
        lab.proxy.stop()

    run_virtual(main())
