"""StatefulSets: order, identity, updates, claims."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from kubesim.store import Object
from tests.kubesim.controllers.lab import EXACT, Lab, in_lab


def set_replicas(count: int) -> Callable[[Object], None]:
    def change(obj: Object) -> None:
        obj["spec"]["replicas"] = count

    return change


def set_label(value: str) -> Callable[[Object], None]:
    def change(obj: Object) -> None:
        obj["spec"]["template"]["metadata"]["labels"]["version"] = value

    return change


def revisions(lab: Lab) -> dict[str, str]:
    return {
        p["metadata"]["name"]: p["metadata"]["labels"]["controller-revision-hash"]
        for p in lab.store.list("Pod", "default")
    }


def test_an_ordered_set_creates_each_pod_when_the_one_before_is_ready() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3)
        await asyncio.sleep(10)
        assert [s for s in lab.steps() if s.endswith(("created", "ready"))] == [
            *("web-0 created", "web-0 ready"),
            *("web-1 created", "web-1 ready"),
            *("web-2 created", "web-2 ready"),
        ]

    in_lab(test)


def test_a_parallel_set_creates_all_pods_at_the_same_instant() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3, podManagementPolicy="Parallel")
        await asyncio.sleep(10)
        assert lab.when("web-0 created") == lab.when("web-1 created") == lab.when("web-2 created") == 0.003

    in_lab(test, overrides=EXACT)


def test_scaling_down_an_ordered_set_deletes_from_the_top_and_waits_until_each_object_is_gone() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3, image="stubborn")
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", set_replicas(1))
        await asyncio.sleep(100)
        assert lab.steps(10.0) == ["web-2 terminating", "web-2 gone", "web-1 terminating", "web-1 gone"]
        assert lab.when("web-1 terminating") == pytest.approx(lab.when("web-2 gone") + 0.003)
        assert lab.when("web-2 gone") > 40

    in_lab(test, overrides=EXACT)


def test_a_deleted_pod_is_created_again_only_when_its_object_is_gone_and_keeps_its_identity() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2)
        await asyncio.sleep(10)
        before = lab.get("Pod", "web-1")
        lab.delete("Pod", "web-1")
        await asyncio.sleep(10)
        after = lab.get("Pod", "web-1")
        assert lab.when("web-1 created", 10.0) == pytest.approx(lab.when("web-1 gone") + 0.003)
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["status"]["podIP"] != before["status"]["podIP"]
        assert after["metadata"]["labels"] == before["metadata"]["labels"]
        assert (after["spec"]["hostname"], after["spec"]["subdomain"]) == ("web-1", "web")

    in_lab(test, overrides=EXACT)


def test_members_carry_the_labels_and_the_owner_that_the_real_controller_sets() -> None:
    async def test(lab: Lab) -> None:
        owner = lab.statefulset(replicas=1)
        await asyncio.sleep(5)
        meta = lab.get("Pod", "web-0")["metadata"]
        assert meta["labels"] == {
            "app": "web",
            "apps.kubernetes.io/pod-index": "0",
            "statefulset.kubernetes.io/pod-name": "web-0",
            "controller-revision-hash": lab.get("StatefulSet", "web")["status"]["currentRevision"],
            "topology.kubernetes.io/zone": "zone-1",
        }
        assert meta["generateName"] == "web-"
        assert [ref["uid"] for ref in meta["ownerReferences"]] == [owner["metadata"]["uid"]]

    in_lab(test)


def test_deleting_two_pods_of_an_ordered_set_brings_them_back_one_after_the_other() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3)
        await asyncio.sleep(10)
        lab.delete("Pod", "web-0", grace_s=1)
        lab.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(20)
        back = [s for s in lab.steps(10.0) if s.endswith(("created", "ready"))]
        assert back == ["web-0 created", "web-0 ready", "web-1 created", "web-1 ready"]

    in_lab(test)


def test_a_new_service_name_reaches_a_pod_only_when_it_is_created_again() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2)
        await asyncio.sleep(10)
        uids = {p["metadata"]["name"]: p["metadata"]["uid"] for p in lab.store.list("Pod", "default")}
        lab.delete("StatefulSet", "web", propagation="Orphan")
        await asyncio.sleep(1)
        assert all("ownerReferences" not in p["metadata"] for p in lab.store.list("Pod", "default"))
        lab.statefulset(replicas=2, serviceName="nope")
        await asyncio.sleep(5)
        pods = lab.store.list("Pod", "default")
        assert {p["metadata"]["name"]: p["metadata"]["uid"] for p in pods} == uids
        assert [p["spec"]["subdomain"] for p in pods] == ["web", "web"]
        lab.delete("Pod", "web-1")
        await asyncio.sleep(10)
        assert [p["spec"]["subdomain"] for p in lab.store.list("Pod", "default")] == ["web", "nope"]

    in_lab(test)


def test_a_rolling_update_goes_from_the_highest_ordinal_down_to_the_partition() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=4, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
        await asyncio.sleep(10)
        old = lab.get("StatefulSet", "web")["status"]["currentRevision"]
        lab.patch("StatefulSet", "web", set_label("2"))
        await asyncio.sleep(20)
        status = lab.get("StatefulSet", "web")["status"]
        new = status["updateRevision"]
        assert [s for s in lab.steps(10.0) if s.endswith("terminating")] == ["web-3 terminating", "web-2 terminating"]
        assert revisions(lab) == {"web-0": old, "web-1": old, "web-2": new, "web-3": new}
        assert (status["currentRevision"], status["currentReplicas"], status["updatedReplicas"]) == (old, 2, 2)
        lab.delete("Pod", "web-0")
        await asyncio.sleep(10)
        assert revisions(lab)["web-0"] == old

    in_lab(test)


def test_a_complete_rolling_update_makes_the_new_revision_the_current_one() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2)
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", set_label("2"))
        await asyncio.sleep(20)
        status = lab.get("StatefulSet", "web")["status"]
        assert status["currentRevision"] == status["updateRevision"]
        assert (status["currentReplicas"], status["updatedReplicas"], status["readyReplicas"]) == (2, 2, 2)
        assert len(lab.names("ControllerRevision")) == 2

    in_lab(test)


def rolling(at_once: int | str, **more: object) -> Object:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": at_once, **more}}


@pytest.mark.parametrize(("at_once", "first"), [(2, 2), ("50%", 2), ("10%", 1), ("74%", 2), (9, 4)])
def test_a_rolling_update_takes_as_many_pods_as_may_be_unavailable(at_once: int | str, first: int) -> None:
    """A percentage is rounded down, and to one at least."""

    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=4, updateStrategy=rolling(at_once), podManagementPolicy="Parallel")
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", set_label("2"))
        await asyncio.sleep(0.1)
        going = ["web-3 terminating", "web-2 terminating", "web-1 terminating", "web-0 terminating"]
        assert lab.steps(10.0) == going[:first]
        await asyncio.sleep(20)
        assert len(set(revisions(lab).values())) == 1

    in_lab(test)


def test_an_ordered_set_takes_several_pods_away_and_brings_them_back_one_after_the_other() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3, updateStrategy=rolling(2, partition=1))
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", set_label("2"))
        await asyncio.sleep(20)
        steps = [s for s in lab.steps(10.0) if s.endswith(("terminating", "created", "ready"))]
        assert steps[:2] == ["web-2 terminating", "web-1 terminating"]
        assert steps[2:] == ["web-1 created", "web-1 ready", "web-2 created", "web-2 ready"]

    in_lab(test)


@pytest.mark.parametrize(("policy", "repaired"), [("Parallel", True), ("OrderedReady", False)])
def test_members_that_never_became_ready_are_updated_at_once_in_a_parallel_set_only(
    policy: str, repaired: bool
) -> None:
    """In an ordered one the update waits for the broken member, as it always did."""

    def set_image(image: str) -> Callable[[Object], None]:
        def change(obj: Object) -> None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

        return change

    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2, podManagementPolicy=policy, image="crash")
        await asyncio.sleep(30)
        lab.patch("StatefulSet", "web", set_image("polite"))
        await asyncio.sleep(30)
        ready = lab.get("StatefulSet", "web")["status"].get("readyReplicas", 0)
        assert (ready == 2) is repaired

    in_lab(test)


def test_with_on_delete_pods_change_only_when_somebody_deletes_them() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2, updateStrategy={"type": "OnDelete"})
        await asyncio.sleep(10)
        lab.patch("StatefulSet", "web", set_label("2"))
        await asyncio.sleep(10)
        assert lab.steps(10.0) == []
        lab.delete("Pod", "web-0")
        await asyncio.sleep(10)
        assert revisions(lab)["web-0"] != revisions(lab)["web-1"]

    in_lab(test)


def test_a_failed_pod_is_deleted_and_created_again() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=1)
        await asyncio.sleep(5)
        pod = lab.get("Pod", "web-0")
        lab.store.update("Pod", {**pod, "status": {**pod["status"], "phase": "Failed"}})
        await asyncio.sleep(10)
        assert lab.get("Pod", "web-0")["metadata"]["uid"] != pod["metadata"]["uid"]
        assert "RecreatingFailedPod: StatefulSet default/web is recreating failed Pod web-0" in lab.events("web")

    in_lab(test)


def test_ordinals_may_start_elsewhere() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2, ordinals={"start": 5})
        await asyncio.sleep(10)
        assert lab.names("Pod") == ["web-5", "web-6"]

    in_lab(test)


def test_min_ready_seconds_hold_back_the_next_pod() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2, minReadySeconds=7)
        await asyncio.sleep(20)
        assert 6 <= lab.when("web-1 created") - lab.when("web-0 ready") <= 7.1

    in_lab(test)


def test_a_revision_whose_name_is_taken_gets_another_hash() -> None:
    async def test(lab: Lab) -> None:
        made = lab.statefulset(replicas=0)
        await asyncio.sleep(1)
        (mine,) = lab.store.list("ControllerRevision", "default")
        lab.delete("StatefulSet", "web")
        await asyncio.sleep(1)
        others = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "data": {}, "revision": 1}
        lab.registry.create(
            "ControllerRevision", {**others, "metadata": {"name": mine["metadata"]["name"], "namespace": "default"}}
        )
        lab.create("StatefulSet", "web", spec={**made["spec"], "replicas": 1})
        await asyncio.sleep(5)
        status = lab.get("StatefulSet", "web")["status"]
        assert (status["collisionCount"], status["readyReplicas"]) == (1, 1)
        assert status["updateRevision"] != mine["metadata"]["name"]

    in_lab(test)


def test_a_pod_name_that_somebody_else_holds_is_tried_again_until_it_is_free() -> None:
    async def test(lab: Lab) -> None:
        lab.create("Pod", "web-0", spec={"containers": [{"name": "main", "image": "polite"}]})
        lab.statefulset(replicas=1)
        await asyncio.sleep(5)
        assert any(e.startswith("FailedCreate: create Pod web-0 in StatefulSet web failed") for e in lab.events("web"))
        lab.delete("Pod", "web-0")
        await asyncio.sleep(10)
        assert lab.get("Pod", "web-0")["metadata"]["labels"]["app"] == "web"

    in_lab(test)


def test_a_thousand_pods_become_ready() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=1000, podManagementPolicy="Parallel")
        await asyncio.sleep(10)
        assert lab.get("StatefulSet", "web")["status"]["readyReplicas"] == 1000
        assert len({p["status"]["podIP"] for p in lab.store.list("Pod", "default")}) == 1000

    in_lab(test)
