"""Volumes that somebody made beforehand, and the node that they tie a pod to (as seen on a real 1.34)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.controllers.node_affinity import fits
from kubesim.store import Object
from tests.kubesim.controllers.lab import Lab, in_lab

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Mi"}},
    },
}


def tied_to(node: str) -> dict[str, Any]:
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


def make_volume(lab: Lab, node: str) -> None:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Mi"},
        "claimRef": {"namespace": "default", "name": "data-web-0"},
        "hostPath": {"path": "/somewhere"},
        "nodeAffinity": tied_to(node),
        "persistentVolumeReclaimPolicy": "Retain",
    }
    lab.registry.create("PersistentVolume", {"metadata": {"name": "mine"}, "spec": spec})


def cordon(lab: Lab, node: str, closed: bool) -> None:
    found = lab.store.get("Node", "", node)
    assert found is not None
    spec = {key: value for key, value in found["spec"].items() if key != "unschedulable"}
    lab.registry.update("Node", {**found, "spec": spec | ({"unschedulable": True} if closed else {})})


def test_a_claim_without_class_waits_for_the_volume_that_names_it() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(volumeClaimTemplates=[CLAIM])
        await asyncio.sleep(5)
        assert lab.get("Pod", "web-0")["status"]["phase"] == "Pending"
        assert (
            "FailedBinding: no persistent volumes available for this claim and no storage class is set"
            in lab.events("data-web-0")
        )
        make_volume(lab, "node-2")
        await asyncio.sleep(5)
        claim = lab.get("PersistentVolumeClaim", "data-web-0")
        assert (claim["status"]["phase"], claim["spec"]["volumeName"]) == ("Bound", "mine")
        volume = lab.store.get("PersistentVolume", "", "mine")
        assert volume is not None
        assert (volume["status"]["phase"], volume["spec"]["claimRef"]["uid"]) == ("Bound", claim["metadata"]["uid"])
        assert lab.get("Pod", "web-0")["spec"]["nodeName"] == "node-2"
        assert lab.get("Pod", "web-0")["status"]["phase"] == "Running"

    in_lab(test)


@pytest.mark.parametrize("node", ["node-1", "node-2"])
def test_a_pod_whose_volume_lies_on_a_closed_node_waits_until_it_is_open(node: str) -> None:
    async def test(lab: Lab) -> None:
        make_volume(lab, node)
        lab.statefulset(volumeClaimTemplates=[CLAIM])
        await asyncio.sleep(5)
        cordon(lab, node, closed=True)
        lab.delete("Pod", "web-0")
        await asyncio.sleep(10)
        (row,) = [c for c in lab.get("Pod", "web-0")["status"]["conditions"] if c["type"] == "PodScheduled"]
        assert row["message"].startswith(
            "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity, "
            "1 node(s) were unschedulable."
        )
        cordon(lab, node, closed=False)
        await asyncio.sleep(5)
        assert lab.get("Pod", "web-0")["spec"]["nodeName"] == node

    in_lab(test)


def test_a_volume_whose_claim_is_gone_is_released_and_not_bound_again() -> None:
    async def test(lab: Lab) -> None:
        make_volume(lab, "node-1")
        lab.statefulset(volumeClaimTemplates=[CLAIM])
        await asyncio.sleep(5)
        lab.delete("StatefulSet", "web")
        await asyncio.sleep(5)
        lab.delete("PersistentVolumeClaim", "data-web-0")
        await asyncio.sleep(5)
        volume = lab.store.get("PersistentVolume", "", "mine")
        assert volume is not None
        assert volume["status"]["phase"] == "Released"
        lab.statefulset(volumeClaimTemplates=[CLAIM])
        await asyncio.sleep(5)
        assert lab.get("PersistentVolumeClaim", "data-web-0")["status"]["phase"] == "Pending"

    in_lab(test)


@pytest.mark.parametrize(
    ("operator", "values", "allowed"),
    [
        ("In", ["a", "b"], True),
        ("NotIn", ["a"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
    ],
)
def test_operators_of_a_volumes_node_affinity(operator: str, values: list[str] | None, allowed: bool) -> None:
    expression: Object = {"key": "zone", "operator": operator} | ({"values": values} if values else {})
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    volume: Object = {"spec": {"nodeAffinity": affinity}}
    assert fits(volume, {"metadata": {"labels": {"zone": "a"}}}) is allowed
    assert fits({"spec": {}}, {"metadata": {}})
