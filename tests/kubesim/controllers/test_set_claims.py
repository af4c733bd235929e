"""The claims of a StatefulSet's members, and with whom they go (as seen on a real 1.34)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from kubesim.store import Object
from tests.kubesim.controllers.lab import Lab, in_lab

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
}
RETAIN, DELETE = "Retain", "Delete"


def make_set(lab: Lab, when_deleted: str, when_scaled: str, **spec: Any) -> None:
    retention = {"whenDeleted": when_deleted, "whenScaled": when_scaled}
    given = {"replicas": 2, "volumeClaimTemplates": [CLAIM], "persistentVolumeClaimRetentionPolicy": retention}
    lab.statefulset(**{**given, **spec})


def scaled(count: int) -> Callable[[Object], None]:
    def change(obj: Object) -> None:
        obj["spec"]["replicas"] = count

    return change


def policy(**changed: str) -> Callable[[Object], None]:
    def change(obj: Object) -> None:
        obj["spec"]["persistentVolumeClaimRetentionPolicy"] |= changed

    return change


def owners(lab: Lab) -> dict[str, list[str]]:
    """By claim, the kinds and names of its owners."""
    return {
        claim["metadata"]["name"]: [f"{r['kind']} {r['name']}" for r in claim["metadata"].get("ownerReferences", ())]
        for claim in lab.store.list("PersistentVolumeClaim", "default")
    }


def test_claims_outlive_pods_and_the_set_and_are_bound_before_a_pod_is_scheduled() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2, volumeClaimTemplates=[CLAIM])
        await asyncio.sleep(10)
        claim = lab.get("PersistentVolumeClaim", "data-web-1")
        assert claim["status"]["phase"] == "Bound"
        assert claim["metadata"]["labels"] == {"app": "web"}
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-1"}}
        assert lab.get("Pod", "web-1")["spec"]["volumes"] == [volume]
        lab.delete("Pod", "web-1")
        await asyncio.sleep(10)
        assert lab.get("PersistentVolumeClaim", "data-web-1")["metadata"]["uid"] == claim["metadata"]["uid"]
        lab.delete("StatefulSet", "web")
        await asyncio.sleep(10)
        assert lab.names("Pod") == []
        assert lab.names("PersistentVolumeClaim") == ["data-web-0", "data-web-1"]

    in_lab(test)


@pytest.mark.parametrize(("occasion", "left"), [("scaling", ["data-web-0"]), ("deletion", [])])
def test_the_retention_policy_lets_claims_go_with_scaling_or_with_the_set(occasion: str, left: list[str]) -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, *((RETAIN, DELETE) if occasion == "scaling" else (DELETE, RETAIN)))
        await asyncio.sleep(10)
        if occasion == "scaling":
            lab.patch("StatefulSet", "web", scaled(1))
        else:
            lab.delete("StatefulSet", "web")
        await asyncio.sleep(10)
        assert lab.names("PersistentVolumeClaim") == left
        assert len(lab.store.list("PersistentVolume")) == len(left)

    in_lab(test)


def test_changing_the_policy_of_a_set_changes_the_owners_of_the_claims_that_are_there() -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, RETAIN, RETAIN)
        await asyncio.sleep(10)
        assert owners(lab) == {"data-web-0": [], "data-web-1": []}
        lab.patch("StatefulSet", "web", policy(whenDeleted=DELETE))
        await asyncio.sleep(1)
        assert owners(lab) == {"data-web-0": ["StatefulSet web"], "data-web-1": ["StatefulSet web"]}
        (reference,) = lab.get("PersistentVolumeClaim", "data-web-0")["metadata"]["ownerReferences"]
        assert (reference["controller"], reference["blockOwnerDeletion"]) == (True, True)
        assert "SuccessfulUpdate: update Pod web-0 in StatefulSet web successful" in lab.events("web")
        lab.patch("StatefulSet", "web", policy(whenDeleted=RETAIN))
        await asyncio.sleep(1)
        assert owners(lab) == {"data-web-0": [], "data-web-1": []}

    in_lab(test)


def test_a_claim_that_goes_with_scaling_belongs_to_its_pod_instead_of_the_set() -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, DELETE, DELETE, image="stubborn")
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", scaled(1))
        await asyncio.sleep(1)
        assert owners(lab) == {"data-web-0": ["StatefulSet web"], "data-web-1": ["Pod web-1"]}
        await asyncio.sleep(40)
        assert owners(lab) == {"data-web-0": ["StatefulSet web"]}
        lab.patch("StatefulSet", "web", scaled(2))
        await asyncio.sleep(10)
        assert owners(lab) == {"data-web-0": ["StatefulSet web"], "data-web-1": ["StatefulSet web"]}
        assert lab.get("Pod", "web-1")["status"]["phase"] == "Running"

    in_lab(test)


def test_scaling_up_before_a_pod_is_deleted_takes_its_reference_back() -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, RETAIN, DELETE, replicas=3, image="stubborn")
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", scaled(1))
        await asyncio.sleep(1)
        assert owners(lab) == {"data-web-0": [], "data-web-1": ["Pod web-1"], "data-web-2": ["Pod web-2"]}
        lab.patch("StatefulSet", "web", scaled(2))  # web-1 still waits for web-2 to go
        await asyncio.sleep(1)
        assert owners(lab) == {"data-web-0": [], "data-web-1": [], "data-web-2": ["Pod web-2"]}
        await asyncio.sleep(60)
        assert owners(lab) == {"data-web-0": [], "data-web-1": []}

    in_lab(test)


def test_a_pod_that_is_scaled_up_again_too_late_still_takes_its_claim_along() -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, RETAIN, DELETE, image="stubborn")
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", scaled(1))
        await asyncio.sleep(1)
        lab.patch("StatefulSet", "web", scaled(2))
        await asyncio.sleep(60)
        # Nothing tells the real controller either that the stale claim is gone: it waits for another change.
        assert owners(lab) == {"data-web-0": []}
        assert lab.names("Pod") == ["web-0"]
        lab.patch("StatefulSet", "web", policy(whenDeleted=DELETE))
        await asyncio.sleep(10)
        assert owners(lab) == {"data-web-0": ["StatefulSet web"], "data-web-1": ["StatefulSet web"]}

    in_lab(test)


def test_members_below_the_first_ordinal_are_scaled_away_with_their_claims() -> None:
    async def test(lab: Lab) -> None:
        make_set(lab, RETAIN, DELETE)
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", lambda s: s["spec"].update(ordinals={"start": 1}))
        await asyncio.sleep(20)
        assert lab.names("Pod") == ["web-1", "web-2"]
        assert owners(lab) == {"data-web-1": [], "data-web-2": []}

    in_lab(test)


def test_a_claim_that_somebody_else_controls_is_left_alone() -> None:
    async def test(lab: Lab) -> None:
        owner = lab.create("ConfigMap", "owner")["metadata"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"], "controller": True}
        meta = {"name": "data-web-0", "namespace": "default", "ownerReferences": [reference]}
        lab.registry.create("PersistentVolumeClaim", {"metadata": meta, "spec": CLAIM["spec"]})
        make_set(lab, DELETE, DELETE, replicas=1)
        await asyncio.sleep(10)
        assert owners(lab) == {"data-web-0": ["ConfigMap owner"]}

    in_lab(test)
