"""Endpoints, the old form of EndpointSlices: made when somebody asks for them, and kept from then on."""

from __future__ import annotations

import asyncio

from kubesim.store import Object
from tests.kubesim.controllers.lab import Lab, in_lab

PROBE = {"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 1}}


def service(lab: Lab, name: str = "web", **spec: object) -> None:
    lab.create("Service", name, spec={"selector": {"app": "web"}, "ports": [{"port": 80}], **spec})


def subsets(lab: Lab, name: str = "web") -> list[tuple[list[str], list[str]]]:
    """(ready, not ready) pods of each subset."""

    def pods(subset: Object, field: str) -> list[str]:
        return [row["targetRef"]["name"] for row in subset.get(field, ())]

    found = lab.get("Endpoints", name).get("subsets", ())
    return [(pods(subset, "addresses"), pods(subset, "notReadyAddresses")) for subset in found]


def test_nobody_has_asked_and_there_are_none() -> None:
    async def test(lab: Lab) -> None:
        service(lab)
        lab.statefulset(replicas=2)
        await asyncio.sleep(10)
        assert lab.names("Endpoints") == []
        lab.registry.on_demand["Endpoints"]()
        assert subsets(lab) == [(["web-0", "web-1"], [])]

    in_lab(test)


def test_they_follow_readiness_and_leave_out_what_is_terminating() -> None:
    async def test(lab: Lab) -> None:
        lab.registry.on_demand["Endpoints"]()
        service(lab)
        service(lab, "early", publishNotReadyAddresses=True)
        lab.statefulset(replicas=2, container={**PROBE, "image": "stubborn"})
        await asyncio.sleep(10)
        lab.unready.add("web-1")
        await asyncio.sleep(3)
        assert subsets(lab) == [(["web-0"], ["web-1"])]
        assert subsets(lab, "early") == [(["web-0", "web-1"], [])]
        lab.delete("Pod", "web-1")
        await asyncio.sleep(1)
        assert subsets(lab) == [(["web-0"], [])]
        assert subsets(lab, "early") == [(["web-0", "web-1"], [])]

    in_lab(test)


def test_a_headless_service_may_have_no_ports_and_gives_its_pods_hostnames() -> None:
    async def test(lab: Lab) -> None:
        lab.registry.on_demand["Endpoints"]()
        service(lab, clusterIP="None", ports=[])
        lab.statefulset(replicas=1)
        await asyncio.sleep(10)
        (subset,) = lab.get("Endpoints", "web")["subsets"]
        assert "ports" not in subset
        assert subset["addresses"][0]["hostname"] == "web-0"
        assert lab.get("Endpoints", "web")["metadata"]["labels"]["service.kubernetes.io/headless"] == ""

    in_lab(test)


def test_what_somebody_deletes_is_made_again_and_they_go_with_their_service() -> None:
    async def test(lab: Lab) -> None:
        lab.registry.on_demand["Endpoints"]()
        service(lab)
        lab.statefulset()
        await asyncio.sleep(10)
        lab.delete("Endpoints", "web")
        await asyncio.sleep(1)
        assert subsets(lab) == [(["web-0"], [])]
        lab.delete("Service", "web")
        await asyncio.sleep(1)
        assert lab.names("Endpoints") == []

    in_lab(test)
