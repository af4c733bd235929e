"""Init containers and sidecars (restartPolicy Always): their order, their phases, and their ends."""

from __future__ import annotations

import asyncio

from kubesim.kinds.pod import row
from tests.kubesim.pods_lab import Object, PodsLab, in_sandbox

BUSYBOX, NGINX = "busybox:1.35", "nginx:alpine"
SLEEP = ["sleep", "3600"]


def box(name: str, line: str, **fields: object) -> Object:
    return {"name": name, "image": BUSYBOX, "command": ["sh", "-c", line], **fields}


def shown(lab: PodsLab, name: str) -> tuple[str, str, str]:
    """READY, STATUS and RESTARTS of `kubectl get pods`."""
    pod = lab.sandbox.store.get("Pod", "default", name)
    assert pod is not None
    _, ready, status, restarts, *_ = row.cells(pod, lab.sandbox.clock.wall())
    return ready, status, restarts


def started(lab: PodsLab, name: str) -> list[str]:
    """Containers in the order of their starts."""
    rows = [e for e in lab.sandbox.store.list("Event", "default") if e["involvedObject"]["name"] == name]
    began = [e for e in rows if e["reason"] == "Started" for _ in range(e["count"])]
    return [e["involvedObject"]["fieldPath"].partition("{")[2].rstrip("}") for e in began]


def test_init_containers_are_shown_one_after_the_other_and_the_pod_is_pending_meanwhile() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("p", BUSYBOX, SLEEP, initContainers=[box("zz", "sleep 5"), box("aa", "sleep 5")])
        await asyncio.sleep(0.3)
        assert shown(lab, "p") == ("0/1", "Init:0/2", "0")
        await asyncio.sleep(3)
        assert shown(lab, "p") == ("0/1", "Init:0/2", "0")
        assert lab.status("p")["phase"] == "Pending"
        assert lab.status("p")["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
        conditions = {c["type"]: c for c in lab.status("p")["conditions"]}
        assert conditions["Initialized"]["message"] == "containers with incomplete status: [zz aa]"
        await asyncio.sleep(5)
        assert shown(lab, "p") == ("0/1", "Init:1/2", "0")
        await asyncio.sleep(8)
        assert shown(lab, "p") == ("1/1", "Running", "0")
        assert [row["ready"] for row in lab.status("p")["initContainerStatuses"]] == [True, True]

    in_sandbox(test)


def test_an_init_container_that_fails_is_tried_again_with_back_off_or_fails_the_pod() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("again", BUSYBOX, SLEEP, initContainers=[box("i", "sleep 1; exit 3")])
        lab.pod("never", BUSYBOX, SLEEP, initContainers=[box("i", "sleep 1; exit 3")], restartPolicy="Never")
        await asyncio.sleep(8)
        assert shown(lab, "again")[:2] == ("0/1", "Init:CrashLoopBackOff")
        assert shown(lab, "never")[:2] == ("0/1", "Init:Error")
        assert (lab.status("again")["phase"], lab.status("never")["phase"]) == ("Pending", "Failed")

    in_sandbox(test)


def test_the_next_container_starts_once_a_sidecar_has_and_its_readiness_counts() -> None:
    async def test(lab: PodsLab) -> None:
        startup = {"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 60}
        ready = {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 1}
        line = "sleep 6; touch /tmp/up; sleep 6; touch /tmp/ready; sleep 3600"
        side = box("side", line, restartPolicy="Always", startupProbe=startup, readinessProbe=ready)
        lab.pod("p", BUSYBOX, SLEEP, initContainers=[side, box("then", "sleep 1")])
        await asyncio.sleep(5)
        assert started(lab, "p") == ["side"]
        assert shown(lab, "p") == ("0/2", "Init:0/2", "0")
        await asyncio.sleep(6)
        assert started(lab, "p") == ["side", "then", "main"]
        assert shown(lab, "p") == ("1/2", "Running", "0")
        assert {c["type"]: c["status"] for c in lab.status("p")["conditions"]}["Ready"] == "False"
        await asyncio.sleep(5)
        assert shown(lab, "p") == ("2/2", "Running", "0")

    in_sandbox(test)


def test_a_sidecar_that_ends_is_started_again_beside_the_others_which_go_on() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("p", BUSYBOX, SLEEP, initContainers=[box("side", "sleep 5", restartPolicy="Always")])
        await asyncio.sleep(10)
        first, main = lab.status("p")["initContainerStatuses"][0], lab.status("p")["containerStatuses"][0]
        assert (first["restartCount"], main["restartCount"], lab.status("p")["phase"]) == (1, 0, "Running")
        assert shown(lab, "p")[:2] == ("2/2", "Running")
        assert shown(lab, "p")[2].startswith("1 (")

    in_sandbox(test)


def test_a_job_completes_without_its_sidecars_which_are_stopped_then() -> None:
    async def test(lab: PodsLab) -> None:
        side = {"name": "side", "image": NGINX, "restartPolicy": "Always"}
        spec = {"restartPolicy": "Never", "initContainers": [side], "containers": [box("main", "sleep 3")]}
        lab.create("Job", "j", spec={"template": {"spec": spec}})
        await asyncio.sleep(12)
        job = lab.sandbox.store.get("Job", "default", "j")
        assert job is not None
        assert job["status"]["succeeded"] == 1
        (pod,) = lab.sandbox.store.list("Pod", "default")
        assert pod["status"]["phase"] == "Succeeded"
        assert "terminated" in pod["status"]["initContainerStatuses"][0]["state"]

    in_sandbox(test)
