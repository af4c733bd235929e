"""EndpointSlices: what DNS and kube-proxy learn, and when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.store import Object
from tests.kubesim.controllers.lab import EXACT, Lab, in_lab

Row = tuple[str, str]


def make_service(lab: Lab, name: str = "web", **spec: Any) -> Object:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return lab.create("Service", name, spec={"clusterIP": "None", "selector": {"app": "web"}, "ports": ports, **spec})


def rows(slice_: Object) -> list[Row]:
    """Target and conditions of each endpoint: R(eady), S(erving), T(erminating)."""
    found = []
    for endpoint in slice_.get("endpoints") or ():
        flags = endpoint["conditions"]
        text = "".join(k[0].upper() for k in ("ready", "serving", "terminating") if flags[k])
        found.append((endpoint["targetRef"]["name"], text))
    return found


def slices(lab: Lab) -> list[Object]:
    return lab.store.list("EndpointSlice", "default")


def http(port: int = 80) -> Object:
    return {"ports": [{"name": "http", "containerPort": port}]}


def states(lab: Lab, since_s: float) -> list[tuple[float, list[Row]]]:
    return [(at, rows(c.object)) for at, c in lab.commits if c.kind == "EndpointSlice" and at >= since_s]


def test_a_deleted_pod_turns_unready_at_once_and_leaves_when_it_is_terminal() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        lab.statefulset(replicas=2, image="stubborn", container=http())
        await asyncio.sleep(10)
        assert rows(slices(lab)[0]) == [("web-0", "RS"), ("web-1", "RS")]
        lab.delete("Pod", "web-0")
        await asyncio.sleep(50)
        (marked, first), (left, second), (back, third) = states(lab, 10.0)
        assert marked == pytest.approx(10.005)
        assert first == [("web-0", "ST"), ("web-1", "RS")]
        # 30 s of grace, then network and status, then the slice; the object is gone only later.
        assert left == pytest.approx(10.007 + 30 + 0.070 + 0.025 + 0.005)
        assert left < lab.when("web-0 gone")
        assert second == [("web-1", "RS")]
        assert back == pytest.approx(lab.when("web-0 ready", 10.0) + 0.005)
        assert third == [("web-1", "RS"), ("web-0", "RS")]

    in_lab(test, overrides=EXACT)


def test_the_slice_looks_as_the_real_controller_writes_it() -> None:
    async def test(lab: Lab) -> None:
        service = make_service(lab)
        await asyncio.sleep(0.9)
        lab.statefulset(replicas=1, container=http(8080))
        await asyncio.sleep(5)
        (slice_,) = slices(lab)
        (ready,) = [c for c in lab.get("Pod", "web-0")["status"]["conditions"] if c["type"] == "Ready"]
        meta = slice_["metadata"]
        assert meta["name"].startswith("web-")
        assert len(meta["name"]) == len("web-") + 5
        assert meta["labels"] == {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            "kubernetes.io/service-name": "web",
            "service.kubernetes.io/headless": "",
        }
        assert meta["annotations"] == {"endpoints.kubernetes.io/last-change-trigger-time": ready["lastTransitionTime"]}
        assert meta["ownerReferences"][0]["uid"] == service["metadata"]["uid"]
        assert slice_["ports"] == [{"name": "http", "protocol": "TCP", "port": 8080}]
        pod = lab.get("Pod", "web-0")
        assert slice_["endpoints"] == [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "hostname": "web-0",
                "targetRef": {"kind": "Pod", "namespace": "default", "name": "web-0", "uid": pod["metadata"]["uid"]},
                "nodeName": "node-1",
                "zone": "zone-1",
            }
        ]

    in_lab(test)


def test_only_the_service_named_by_the_subdomain_gives_hostnames() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        make_service(lab, "other")
        lab.statefulset(replicas=1, container=http())
        await asyncio.sleep(5)
        hostnames = {
            s["metadata"]["labels"]["kubernetes.io/service-name"]: s["endpoints"][0].get("hostname")
            for s in slices(lab)
        }
        assert hostnames == {"web": "web-0", "other": None}

    in_lab(test)


def test_publish_not_ready_addresses_keeps_pods_ready_until_they_are_terminal() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab, publishNotReadyAddresses=True)
        probe = {"readinessProbe": {"tcpSocket": {"port": 80}}}
        lab.unready.add("web-0")
        lab.statefulset(replicas=1, image="stubborn", container={**http(), **probe})
        await asyncio.sleep(5)
        assert rows(slices(lab)[0]) == [("web-0", "R")]
        lab.delete("Pod", "web-0", grace_s=10)
        await asyncio.sleep(5)
        assert rows(slices(lab)[0]) == [("web-0", "RT")]
        await asyncio.sleep(5.3)
        assert rows(slices(lab)[0]) == []

    in_lab(test)


def test_a_pod_that_is_not_ready_is_listed_as_neither_ready_nor_serving() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        lab.unready.add("web-0")
        lab.statefulset(replicas=1, container={**http(), "readinessProbe": {"tcpSocket": {"port": 80}}})
        await asyncio.sleep(5)
        assert rows(slices(lab)[0]) == [("web-0", "")]

    in_lab(test)


def test_the_trigger_time_is_absent_after_a_change_that_only_marked_a_pod_for_deletion() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        lab.statefulset(replicas=2, image="stubborn", container=http())
        await asyncio.sleep(10)
        lab.delete("Pod", "web-0")
        await asyncio.sleep(1)
        assert "annotations" not in slices(lab)[0]["metadata"]

    in_lab(test)


def test_more_than_a_hundred_endpoints_take_several_slices_and_a_change_touches_one_of_them() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        lab.statefulset(replicas=250, podManagementPolicy="Parallel", container=http())
        await asyncio.sleep(10)
        assert sorted(len(s["endpoints"]) for s in slices(lab)) == [50, 100, 100]
        lab.delete("Pod", "web-7")
        await asyncio.sleep(0.05)
        assert len(states(lab, 10.0)) == 1

    in_lab(test)


def test_pods_that_name_a_port_differently_are_in_slices_of_their_own() -> None:
    async def test(lab: Lab) -> None:
        make_service(lab)
        for name, port in (("a", 80), ("b", 81)):
            spec = {"containers": [{"name": "main", "image": "polite", **http(port)}]}
            meta = {"name": name, "namespace": "default", "labels": {"app": "web"}}
            lab.registry.create("Pod", {"metadata": meta, "spec": spec})
        await asyncio.sleep(5)
        assert {(s["ports"][0]["port"], *(e["targetRef"]["name"] for e in s["endpoints"])) for s in slices(lab)} == {
            (80, "a"),
            (81, "b"),
        }

    in_lab(test)


def test_a_service_without_a_selector_gets_no_slice_and_a_deleted_one_loses_its_own() -> None:
    async def test(lab: Lab) -> None:
        lab.create("Service", "bare", spec={"ports": [{"port": 80}]})
        make_service(lab)
        await asyncio.sleep(1)
        assert len(slices(lab)) == 1
        lab.delete("Service", "web")
        await asyncio.sleep(1)
        assert slices(lab) == []

    in_lab(test)
