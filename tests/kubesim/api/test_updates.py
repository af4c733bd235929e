"""What a change of a Service or a PersistentVolumeClaim does, as seen on kube-apiserver 1.34.4."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.store import StoreError, clone

ADDRESS = {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster"}
PORT = {"port": 80, "protocol": "TCP", "targetPort": 80}


def _patched(lab: Any, **spec: Any) -> dict[str, Any]:
    """The spec of service ``web`` after a change."""
    service = clone(lab.store.get("Service", "default", "web"))
    service["spec"].update(spec)
    found: dict[str, Any] = lab.registry.update("Service", service)["spec"]
    return found


@pytest.mark.parametrize("before", [{}, {"type": "NodePort"}, {"type": "LoadBalancer"}, {"clusterIP": "None"}])
def test_a_service_that_becomes_external_loses_its_addresses(before: dict[str, str], served: Any) -> None:
    async def scenario(lab: Any) -> dict[str, Any]:
        lab.registry.create("Service", {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}], **before}})
        return _patched(lab, type="ExternalName", externalName="a.example")

    external = {"type": "ExternalName", "externalName": "a.example", "sessionAffinity": "None", "ports": [PORT]}
    assert served(scenario) == external


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_a_service_that_is_no_longer_reached_from_outside_loses_its_node_ports(kind: str, served: Any) -> None:
    async def scenario(lab: Any) -> tuple[str, dict[str, Any]]:
        spec = {"type": kind, "ports": [{"port": 80}]}
        made = lab.registry.create("Service", {"metadata": {"name": "web"}, "spec": spec})
        return made["spec"]["clusterIP"], _patched(lab, type="ClusterIP")

    address, spec = served(scenario)
    kept = {"clusterIP": address, "clusterIPs": [address], **ADDRESS}
    assert spec == {"type": "ClusterIP", "sessionAffinity": "None", "ports": [PORT], **kept}


def test_an_external_service_that_becomes_internal_gets_an_address(served: Any) -> None:
    async def scenario(lab: Any) -> dict[str, Any]:
        spec = {"type": "ExternalName", "externalName": "a.example", "ports": [{"port": 80}]}
        lab.registry.create("Service", {"metadata": {"name": "web"}, "spec": spec})
        return _patched(lab, type="ClusterIP")

    spec = served(scenario)
    assert spec["clusterIP"].startswith("10.96.")
    assert {key: spec[key] for key in ADDRESS} == ADDRESS
    assert spec["externalName"] == "a.example"  # the real server warns that it is ignored


@pytest.mark.parametrize(
    ("phase", "storage", "status", "why"),
    [
        ("Bound", "2Gi", 403, "only dynamically provisioned pvc can be resized"),
        ("Bound", "512Mi", 422, "spec.resources.requests.storage: Forbidden: field can not be less than"),
        ("Pending", "2Gi", 422, "spec: Forbidden: spec is immutable after creation except resources.requests"),
        ("Pending", "512Mi", 422, "spec: Forbidden: spec is immutable after creation except resources.requests"),
    ],
)
def test_a_claim_keeps_its_size(phase: str, storage: str, status: int, why: str, served: Any) -> None:
    async def scenario(lab: Any) -> StoreError:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claim = clone(lab.registry.create("PersistentVolumeClaim", {"metadata": {"name": "v"}, "spec": spec}))
        if phase == "Bound":
            claim["spec"]["volumeName"] = "pv-1"
            claim["status"] = {"phase": phase, "capacity": {"storage": "1Gi"}}
            claim = clone(lab.store.update("PersistentVolumeClaim", claim))
        claim["spec"]["resources"]["requests"]["storage"] = storage
        with pytest.raises(StoreError) as caught:
            lab.registry.update("PersistentVolumeClaim", claim)
        return caught.value

    refusal = served(scenario)
    assert refusal.status == status
    assert why in refusal.message


def test_a_put_makes_a_lease_or_a_service_that_is_not_there_and_no_config_map(served: Any) -> None:
    async def scenario(lab: Any) -> list[int]:
        lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
        service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        root = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        answers = [
            await lab.call("PUT", f"{root}/l", lease),
            await lab.call("PUT", "/api/v1/namespaces/default/services/s", service),
            await lab.call("PUT", "/api/v1/namespaces/default/services/s", service),
            await lab.call("PUT", "/api/v1/namespaces/default/configmaps/c", {"metadata": {"name": "c"}}),
        ]
        return [answer.status for answer in answers]

    assert served(scenario) == [201, 201, 200, 404]
