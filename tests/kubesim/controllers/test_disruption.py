"""Disruption budgets: what they count, and what an eviction may do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.api import eviction
from kubesim.store import Object, StoreError
from tests.kubesim.controllers.lab import Lab, in_lab, workload_spec

COUNTS = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods", "observedGeneration")


def budget(lab: Lab, **spec: Any) -> None:
    lab.create("PodDisruptionBudget", "web", spec={"selector": {"matchLabels": {"app": "web"}}, **spec})


def counts(lab: Lab) -> tuple[int, ...]:
    status = lab.get("PodDisruptionBudget", "web")["status"]
    return tuple(status.get(key, -1) for key in COUNTS)


def evict(lab: Lab, pod: str, **options: Any) -> Object:
    body = {"metadata": {"name": pod}, "deleteOptions": options}
    return eviction.evict(lab.store, "default", pod, body, dry_run=False)


def refusal(lab: Lab, pod: str) -> StoreError:
    with pytest.raises(StoreError) as refused:
        evict(lab, pod)
    return refused.value


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 2}, (3, 2, 1, 3, 1)),
        ({"minAvailable": "50%"}, (3, 2, 1, 3, 1)),
        ({"maxUnavailable": 1}, (3, 2, 1, 3, 1)),
        ({"maxUnavailable": "50%"}, (3, 1, 2, 3, 1)),
        ({"maxUnavailable": 0}, (3, 3, 0, 3, 1)),
        ({"minAvailable": 5}, (3, 5, 0, 3, 1)),
    ],
)
def test_a_budget_counts_the_ready_pods_and_what_may_go(spec: dict[str, Any], expected: tuple[int, ...]) -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3)
        budget(lab, **spec)
        await asyncio.sleep(30)
        assert counts(lab) == expected

    in_lab(test)


def test_each_replacement_must_be_ready_before_the_next_eviction_is_allowed() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=3)
        budget(lab, minAvailable=2)
        await asyncio.sleep(30)
        assert evict(lab, "web-2")["status"] == "Success"
        pod = lab.get("Pod", "web-2")
        assert pod["metadata"]["deletionGracePeriodSeconds"] == 30
        mark = next(c for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget")
        assert (mark["status"], mark["reason"]) == ("True", "EvictionByEvictionAPI")
        assert refusal(lab, "web-1").status == 429
        await asyncio.sleep(0.05)
        assert counts(lab) == (2, 2, 0, 3, 1)
        error = refusal(lab, "web-1")
        assert error.details["causes"] == [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget web needs 2 healthy pods and has 2 currently",
            }
        ]
        await asyncio.sleep(30)
        evict(lab, "web-1")

    in_lab(test)


def test_an_unready_pod_may_go_where_the_healthy_ones_suffice() -> None:
    async def test(lab: Lab) -> None:
        probe = {"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 1}}
        lab.statefulset(replicas=3, container=probe)
        budget(lab, minAvailable=2)
        await asyncio.sleep(30)
        lab.unready.add("web-1")
        await asyncio.sleep(3)
        assert counts(lab) == (2, 2, 0, 3, 1)
        assert refusal(lab, "web-0").status == 429
        evict(lab, "web-1")

    in_lab(test)


def test_an_eviction_keeps_the_deletes_options_and_preconditions() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset()
        await asyncio.sleep(5)
        with pytest.raises(StoreError) as refused:
            evict(lab, "web-0", preconditions={"uid": "another"})
        assert refused.value.status == 409
        evict(lab, "web-0", dryRun=["All"])
        assert "deletionTimestamp" not in lab.get("Pod", "web-0")["metadata"]
        evict(lab, "web-0", gracePeriodSeconds=7)
        assert lab.get("Pod", "web-0")["metadata"]["deletionGracePeriodSeconds"] == 7

    in_lab(test)


def test_a_pod_with_two_budgets_cannot_be_evicted() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset()
        budget(lab, minAvailable=0)
        lab.create("PodDisruptionBudget", "all", spec={"minAvailable": 0, "selector": {}})
        await asyncio.sleep(5)
        assert refusal(lab, "web-0").status == 500

    in_lab(test)


def test_a_fraction_of_pods_without_a_controller_counts_none() -> None:
    async def test(lab: Lab) -> None:
        pod = workload_spec("web")["template"]
        meta = {"name": "alone", "namespace": "default", **pod["metadata"]}
        lab.registry.create("Pod", {"metadata": meta, "spec": pod["spec"]})
        budget(lab, maxUnavailable=1)
        await asyncio.sleep(5)
        assert counts(lab) == (1, 0, 0, 0, 1)
        assert any(event.startswith("UnmanagedPods") for event in lab.events("web"))

    in_lab(test)


def test_a_cordoned_node_gets_no_pods() -> None:
    async def test(lab: Lab) -> None:
        node = lab.store.get("Node", "", "node-1")
        assert node is not None
        lab.registry.update("Node", {**node, "spec": {"unschedulable": True}})
        lab.statefulset(replicas=3)
        await asyncio.sleep(30)
        assert {lab.get("Pod", name)["spec"]["nodeName"] for name in lab.names("Pod")} == {"node-2"}

    in_lab(test)
