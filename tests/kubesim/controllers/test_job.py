"""Jobs: how many pods they run, when they are complete, and when they give up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.controllers.job_indexes import ranges, spread
from kubesim.store import Object
from tests.kubesim.controllers.lab import POLICY, Lab, in_lab


def job(lab: Lab, image: str = "once", policy: str = "Never", **spec: Any) -> None:
    pod = {"restartPolicy": policy, "containers": [{**POLICY, "name": "main", "image": image}]}
    lab.create("Job", "work", spec={"template": {"spec": pod}, **spec})


def status(lab: Lab) -> Object:
    found: Object = lab.get("Job", "work")["status"]
    return found


def true_conditions(lab: Lab) -> list[str]:
    return [row["type"] for row in status(lab).get("conditions", ()) if row["status"] == "True"]


def test_a_job_runs_one_pod_and_is_complete_when_it_has_succeeded() -> None:
    async def test(lab: Lab) -> None:
        job(lab)
        await asyncio.sleep(10)
        assert true_conditions(lab) == ["SuccessCriteriaMet", "Complete"]
        found = status(lab)
        assert (found["succeeded"], found["ready"], found["terminating"]) == (1, 0, 0)
        assert "active" not in found
        (pod,) = lab.store.list("Pod", "default")
        assert pod["metadata"]["generateName"] == "work-"
        assert "finalizers" not in pod["metadata"]
        assert "Completed: Job completed" in lab.events("work")

    in_lab(test)


def test_no_more_pods_run_at_a_time_than_the_parallelism_and_no_more_than_are_needed() -> None:
    async def test(lab: Lab) -> None:
        job(lab, completions=5, parallelism=2)
        most = 0
        for _ in range(200):
            await asyncio.sleep(0.1)
            most = max(most, status(lab).get("active", 0))
        assert (most, status(lab)["succeeded"], len(lab.names("Pod"))) == (2, 5, 5)

    in_lab(test)


def test_failed_pods_are_replaced_after_a_back_off_until_the_limit_is_passed() -> None:
    async def test(lab: Lab) -> None:
        job(lab, "crash", backoffLimit=2)
        await asyncio.sleep(120)
        assert true_conditions(lab) == ["FailureTarget", "Failed"]
        assert status(lab)["failed"] == 3
        made_s = [lab.when(f"{name} created") for name in lab.names("Pod")]
        first, second, third = sorted(made_s)
        assert second - first == pytest.approx(14, abs=2)  # about 4 s of life, then 10 s
        assert third - second == pytest.approx(24, abs=2)  # 20 s

    in_lab(test)


def test_with_on_failure_the_restarts_of_containers_count() -> None:
    async def test(lab: Lab) -> None:
        job(lab, "crash", "OnFailure", backoffLimit=1)
        await asyncio.sleep(60)
        assert true_conditions(lab) == ["FailureTarget", "Failed"]
        assert lab.names("Pod") == []

    in_lab(test)


def test_a_deadline_ends_a_job_and_its_pods() -> None:
    async def test(lab: Lab) -> None:
        job(lab, "polite", activeDeadlineSeconds=20)
        await asyncio.sleep(40)
        assert [c["reason"] for c in status(lab)["conditions"]] == ["DeadlineExceeded", "DeadlineExceeded"]
        assert lab.names("Pod") == []

    in_lab(test)


def test_an_indexed_job_gives_each_pod_its_index() -> None:
    async def test(lab: Lab) -> None:
        job(lab, completions=3, parallelism=3, completionMode="Indexed")
        await asyncio.sleep(15)
        assert status(lab)["completedIndexes"] == "0-2"
        pods = lab.store.list("Pod", "default")
        assert [pod["spec"]["hostname"] for pod in pods] == ["work-0", "work-1", "work-2"]

    in_lab(test)


def test_a_suspended_job_runs_nothing_until_it_is_resumed() -> None:
    async def test(lab: Lab) -> None:
        job(lab, suspend=True)
        await asyncio.sleep(5)
        assert (lab.names("Pod"), true_conditions(lab)) == ([], ["Suspended"])
        lab.patch("Job", "work", lambda obj: obj["spec"].update(suspend=False))
        await asyncio.sleep(10)
        assert true_conditions(lab) == ["SuccessCriteriaMet", "Complete"]

    in_lab(test)


def test_a_finished_job_goes_with_its_pods_after_its_time_to_live() -> None:
    async def test(lab: Lab) -> None:
        job(lab, ttlSecondsAfterFinished=30)
        await asyncio.sleep(20)
        assert lab.names("Job") == ["work"]
        await asyncio.sleep(30)
        assert (lab.names("Job"), lab.names("Pod")) == ([], [])

    in_lab(test)


@pytest.mark.parametrize(("policy", "left"), [("Orphan", 1), ("Background", 0)])
def test_what_becomes_of_the_pods_of_a_deleted_job(policy: str, left: int) -> None:
    async def test(lab: Lab) -> None:
        job(lab, "polite")
        await asyncio.sleep(5)
        lab.delete("Job", "work", propagation=policy)
        await asyncio.sleep(10)
        assert len(lab.names("Pod")) == left
        assert lab.names("Job") == []
        assert all("finalizers" not in pod["metadata"] for pod in lab.store.list("Pod", "default"))

    in_lab(test)


def test_fewer_pods_than_run_are_deleted_without_counting_as_failed() -> None:
    async def test(lab: Lab) -> None:
        job(lab, "polite", parallelism=3, completions=3)
        await asyncio.sleep(5)
        lab.patch("Job", "work", lambda obj: obj["spec"].update(parallelism=1))
        await asyncio.sleep(5)
        assert (status(lab)["active"], status(lab).get("failed", 0)) == (1, 0)

    in_lab(test)


def test_sets_of_indexes_are_written_as_ranges() -> None:
    assert ranges({0, 1, 2, 4, 6, 7}) == "0-2,4,6,7"
    assert spread("0-2,4,6,7") == {0, 1, 2, 4, 6, 7}
