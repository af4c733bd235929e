"""Quotas and limits of a namespace, as workloads meet them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.fields import quantity
from kubesim.store import Object, StoreError
from tests.kubesim.controllers.lab import Lab, in_lab, workload_spec


def quota(lab: Lab, **hard: str) -> None:
    lab.create("ResourceQuota", "q", spec={"hard": hard})


def used(lab: Lab) -> Object:
    found: Object = lab.get("ResourceQuota", "q")["status"]["used"]
    return found


def pod(lab: Lab, name: str, **resources: Any) -> Object:
    spec = workload_spec("x", container={"resources": resources})["template"]["spec"]
    return lab.create("Pod", name, spec=spec)


def test_a_statefulset_stops_at_the_quota_and_goes_on_when_there_is_room() -> None:
    async def test(lab: Lab) -> None:
        quota(lab, pods="2")
        await asyncio.sleep(1)
        lab.statefulset(replicas=3)
        await asyncio.sleep(30)
        assert (lab.names("Pod"), used(lab)) == (["web-0", "web-1"], {"pods": "2"})
        message = "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
        assert any(event.startswith("FailedCreate") and message in event for event in lab.events("web"))
        lab.patch("ResourceQuota", "q", lambda obj: obj["spec"]["hard"].update(pods="3"))
        await asyncio.sleep(200)
        assert lab.names("Pod") == ["web-0", "web-1", "web-2"]

    in_lab(test)


def test_a_claim_beyond_the_quota_keeps_its_pod_from_being_created() -> None:
    async def test(lab: Lab) -> None:
        quota(lab, **{"requests.storage": "1Gi"})
        await asyncio.sleep(1)
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        lab.statefulset(replicas=2, volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": spec}])
        await asyncio.sleep(30)
        assert (lab.names("PersistentVolumeClaim"), lab.names("Pod")) == (["data-web-0"], ["web-0"])

    in_lab(test)


def test_what_goes_is_given_back() -> None:
    async def test(lab: Lab) -> None:
        quota(lab, pods="5", **{"requests.cpu": "1"})
        await asyncio.sleep(1)
        pod(lab, "a", requests={"cpu": "600m"})
        assert used(lab) == {"pods": "1", "requests.cpu": "600m"}
        with pytest.raises(StoreError) as refused:
            pod(lab, "b", requests={"cpu": "600m"})
        assert "requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1" in refused.value.message
        await asyncio.sleep(5)
        lab.delete("Pod", "a", grace_s=0)
        await asyncio.sleep(1)
        assert used(lab) == {"pods": "0", "requests.cpu": "0"}
        pod(lab, "b", requests={"cpu": "600m"})

    in_lab(test)


def test_a_pod_must_say_what_a_quota_limits() -> None:
    async def test(lab: Lab) -> None:
        quota(lab, **{"limits.memory": "1Gi"})
        await asyncio.sleep(1)
        with pytest.raises(StoreError) as refused:
            pod(lab, "a")
        assert "failed quota: q: must specify limits.memory for: main" in refused.value.message

    in_lab(test)


def test_a_limit_range_gives_containers_their_defaults_and_refuses_what_is_beyond() -> None:
    async def test(lab: Lab) -> None:
        limits = [{"type": "Container", "default": {"memory": "64Mi"}, "max": {"memory": "128Mi"}}]
        lab.create("LimitRange", "l", spec={"limits": limits})
        made = pod(lab, "a")
        assert made["spec"]["containers"][0]["resources"] == {
            "limits": {"memory": "64Mi"},
            "requests": {"memory": "64Mi"},
        }
        assert made["status"]["qosClass"] == "Burstable"
        said = "LimitRanger plugin set: memory request for container main; memory limit for container main"
        assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == said
        with pytest.raises(StoreError) as refused:
            pod(lab, "b", limits={"memory": "1Gi"})
        assert refused.value.status == 403
        assert "maximum memory usage per Container is 128Mi, but limit is 1Gi" in refused.value.message

    in_lab(test)


@pytest.mark.parametrize(
    ("one", "other", "total"), [("0", "1Gi", "1Gi"), ("512Mi", "512Mi", "1Gi"), ("500m", "1", "1500m"), ("1", "1", "2")]
)
def test_quantities_add_up_in_the_form_of_the_first(one: str, other: str, total: str) -> None:
    assert quantity.add(one, other) == total
