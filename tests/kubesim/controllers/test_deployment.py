"""Deployments and ReplicaSets: replacement at once, rolling updates, status."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.alphabet import ALPHABET
from kubesim.controllers.naming import template_hash
from kubesim.controllers.rollout import limits
from kubesim.store import Object
from tests.kubesim.controllers.lab import EXACT, Lab, in_lab, workload_spec


def make_deployment(lab: Lab, **spec: Any) -> Object:
    return lab.create("Deployment", "dep", spec=workload_spec("dep", **spec))


def change_template(obj: Object) -> None:
    obj["spec"]["template"]["metadata"]["labels"]["version"] = "2"


def active(lab: Lab) -> list[Object]:
    return [p for p in lab.store.list("Pod", "default") if "deletionTimestamp" not in p["metadata"]]


def test_pods_are_named_after_their_replica_set_with_a_random_suffix_in_the_real_alphabet() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2)
        await asyncio.sleep(5)
        (set_,) = lab.names("ReplicaSet")
        assert set_.startswith("dep-")
        for pod in lab.store.list("Pod", "default"):
            name = pod["metadata"]["name"]
            assert name.startswith(f"{set_}-")
            assert set(name[-5:]) <= set(ALPHABET)
            assert pod["metadata"]["labels"]["pod-template-hash"] == set_.removeprefix("dep-")

    in_lab(test)


def test_a_deleted_pod_is_replaced_under_a_new_name_as_soon_as_it_terminates() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2, image="stubborn")
        await asyncio.sleep(5)
        before = lab.names("Pod")
        lab.delete("Pod", before[0])
        await asyncio.sleep(1)
        (new,) = set(lab.names("Pod")) - set(before)
        assert lab.when(f"{new} created") == pytest.approx(5.003)
        assert before[0] in lab.names("Pod")
        await asyncio.sleep(40)
        assert len(lab.names("Pod")) == 2

    in_lab(test, overrides=EXACT)


def test_a_rolling_update_never_has_fewer_available_pods_than_promised() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=4)
        await asyncio.sleep(5)
        lab.patch("Deployment", "dep", change_template)
        await asyncio.sleep(40)
        states = [c["status"] for at, c in lab.statuses("Deployment", "dep") if at > 5]
        assert min(s["availableReplicas"] for s in states) >= 3
        assert max(s["replicas"] for s in states) <= 5
        assert {p["metadata"]["labels"].get("version") for p in lab.store.list("Pod", "default")} == {"2"}
        sets = {s["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: s["spec"]["replicas"]
                for s in lab.store.list("ReplicaSet", "default")}  # fmt: skip
        assert sets == {"1": 0, "2": 4}

    in_lab(test)


def test_recreate_waits_until_all_old_pods_are_gone() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2, image="stubborn", strategy={"type": "Recreate"})
        await asyncio.sleep(5)
        lab.patch("Deployment", "dep", change_template)
        await asyncio.sleep(60)
        steps = [s.split()[1] for s in lab.steps(5.0)]
        assert steps[:6] == ["terminating", "terminating", "gone", "gone", "created", "created"]

    in_lab(test)


def test_a_rollback_takes_the_old_replica_set_up_again_as_the_newest_revision() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=1)
        await asyncio.sleep(5)
        (first,) = lab.names("ReplicaSet")
        lab.patch("Deployment", "dep", change_template)
        await asyncio.sleep(10)

        def back(obj: Object) -> None:
            del obj["spec"]["template"]["metadata"]["labels"]["version"]

        lab.patch("Deployment", "dep", back)
        await asyncio.sleep(10)
        set_ = lab.get("ReplicaSet", first)
        assert set_["spec"]["replicas"] == 1
        assert set_["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"

    in_lab(test)


def test_scaling_down_removes_pods_that_are_not_ready_first() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=3, container={"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 1}})
        await asyncio.sleep(5)
        victim = lab.names("Pod")[1]
        lab.unready.add(victim)
        await asyncio.sleep(5)

        def down(obj: Object) -> None:
            obj["spec"]["replicas"] = 2

        lab.patch("Deployment", "dep", down)
        await asyncio.sleep(5)
        assert victim not in lab.names("Pod")

    in_lab(test)


def test_a_finished_rollout_says_so_in_its_conditions() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2)
        await asyncio.sleep(5)
        status = lab.get("Deployment", "dep")["status"]
        assert {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]} == {
            "Available": ("True", "MinimumReplicasAvailable"),
            "Progressing": ("True", "NewReplicaSetAvailable"),
        }
        assert {k: v for k, v in status.items() if k != "conditions"} == {
            "observedGeneration": 1,
            "replicas": 2,
            "readyReplicas": 2,
            "availableReplicas": 2,
            "updatedReplicas": 2,
            "terminatingReplicas": 0,
        }
        assert f"ScalingReplicaSet: Scaled up replica set {lab.names('ReplicaSet')[0]} from 0 to 2" in lab.events("dep")

    in_lab(test)


def test_pods_that_are_about_to_end_are_counted() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2, image="stubborn")
        await asyncio.sleep(5)
        lab.delete("Pod", lab.names("Pod")[0])
        await asyncio.sleep(0.2)
        assert lab.get("Deployment", "dep")["status"]["terminatingReplicas"] == 1
        await asyncio.sleep(60)
        assert lab.get("Deployment", "dep")["status"]["terminatingReplicas"] == 0

    in_lab(test)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [(4, "25%", "25%", (1, 1)), (3, "25%", "25%", (1, 0)), (10, "0%", "0%", (0, 1)), (2, 1, 0, (1, 0))],
)
def test_percentages_of_surge_round_up_and_those_of_unavailable_pods_down(
    replicas: int, surge: str | int, unavailable: str | int, expected: tuple[int, int]
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    assert limits({"spec": spec}) == expected


def test_a_paused_deployment_follows_its_number_of_replicas_but_rolls_nothing_out() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=2)
        await asyncio.sleep(5)
        (first,) = lab.names("ReplicaSet")
        lab.patch("Deployment", "dep", lambda d: d["spec"].update(paused=True))
        lab.patch("Deployment", "dep", change_template)
        lab.patch("Deployment", "dep", lambda d: d["spec"].update(replicas=3))
        await asyncio.sleep(5)
        assert lab.names("ReplicaSet") == [first]
        status = lab.get("Deployment", "dep")["status"]
        assert (status["readyReplicas"], status.get("updatedReplicas")) == (3, None)
        rows = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
        assert rows["Progressing"] == ("Unknown", "DeploymentPaused")
        lab.patch("Deployment", "dep", lambda d: d["spec"].update(paused=False))
        await asyncio.sleep(20)
        assert {p["metadata"]["labels"].get("version") for p in active(lab)} == {"2"}
        status = lab.get("Deployment", "dep")["status"]
        assert status["updatedReplicas"] == 3
        assert "NewReplicaSetAvailable" in [c["reason"] for c in status["conditions"]]

    in_lab(test)


def test_a_deployment_that_is_paused_halfway_stays_halfway() -> None:
    async def test(lab: Lab) -> None:
        make_deployment(lab, replicas=4)
        await asyncio.sleep(5)
        lab.patch("Deployment", "dep", change_template)
        await asyncio.sleep(0.05)
        lab.patch("Deployment", "dep", lambda d: d["spec"].update(paused=True))
        await asyncio.sleep(20)
        replicas = [s["spec"]["replicas"] for s in lab.store.list("ReplicaSet", "default")]
        assert replicas == [3, 2]

    in_lab(test)


def test_a_replica_set_whose_name_is_taken_gets_another_hash() -> None:
    async def test(lab: Lab) -> None:
        spec = workload_spec("dep")
        labels = spec["template"]["metadata"]["labels"]
        hashed = template_hash(lab.create("Deployment", "dep", spec={**spec, "paused": True})["spec"]["template"])
        lab.create("ReplicaSet", f"dep-{hashed}", spec=workload_spec("other", replicas=0))
        lab.patch("Deployment", "dep", lambda d: d["spec"].pop("paused"))
        await asyncio.sleep(5)
        status = lab.get("Deployment", "dep")["status"]
        assert (status["collisionCount"], status["readyReplicas"]) == (1, 1)
        assert [p["metadata"]["labels"]["app"] for p in lab.store.list("Pod", "default")] == [labels["app"]]

    in_lab(test)
