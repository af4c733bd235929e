"""Probes of whole simulated pods: what passes, what fails, in which words, and what follows."""

from __future__ import annotations

import asyncio
from typing import Any

from kubesim.node_link import DOWN, NETWORK_ANNOTATION
from tests.kubesim.pods_lab import Object, PodsLab, in_sandbox

BUSYBOX, NGINX = "busybox:1.35", "nginx:alpine"
SLEEP = ["sleep", "3600"]


def main_status(lab: PodsLab, pod: str) -> Object:
    found: Object = lab.status(pod)["containerStatuses"][0]
    return found


def messages(lab: PodsLab, pod: str, reason: str) -> list[str]:
    """Of the pod's events for one reason, each once."""
    rows = lab.sandbox.store.list("Event", "default")
    return [e["message"] for e in rows if e["involvedObject"]["name"] == pod and e["reason"] == reason]


def test_a_set_in_order_waits_for_ever_behind_a_pod_whose_readiness_command_fails() -> None:
    async def test(lab: PodsLab) -> None:
        container = {
            "name": "main",
            "image": BUSYBOX,
            "command": SLEEP,
            "readinessProbe": {"exec": {"command": ["false"]}},
        }
        template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container]}}
        spec = {"serviceName": "db", "replicas": 3, "selector": {"matchLabels": {"app": "db"}}, "template": template}
        lab.create("StatefulSet", "db", spec=spec)
        await asyncio.sleep(300)
        assert [pod["metadata"]["name"] for pod in lab.sandbox.store.list("Pod", "default")] == ["db-0"]
        assert lab.status("db-0")["phase"] == "Running"
        assert (main_status(lab, "db-0")["ready"], main_status(lab, "db-0")["restartCount"]) == (False, 0)
        assert messages(lab, "db-0", "Unhealthy") == ["Readiness probe failed: "]

    in_sandbox(test)


# Each says so in its own words; IP stands for the pod's address.
FAILING: tuple[tuple[Object, str], ...] = (
    ({"exec": {"command": ["sh", "-c", "echo not yet; echo why >&2; exit 3"]}}, "probe failed: not yet\nwhy\n"),
    ({"exec": {"command": ["sleep", "9"]}}, 'probe failed: command timed out: "sleep 9" timed out after 1s'),
    (
        {"exec": {"command": ["nope"]}},
        (
            "probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in "
            "container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: "
            'exec: "nope": executable file not found in $PATH'
        ),
    ),
    (
        {"grpc": {"port": 80}},
        'probe failed: timeout: failed to connect service "IP:80" within 1s: context deadline exceeded',
    ),
    ({"httpGet": {"port": 80, "path": "/no"}}, "probe failed: HTTP probe failed with statuscode: 404"),
    (
        {"httpGet": {"port": 80, "scheme": "HTTPS"}},
        'probe failed: Get "https://IP:80/": http: server gave HTTP response to HTTPS client',
    ),
    ({"httpGet": {"port": 81}}, 'probe failed: Get "http://IP:81/": dial tcp IP:81: connect: connection refused'),
    (
        {"httpGet": {"port": 80, "host": "10.244.9.9"}},
        (
            'probe failed: Get "http://10.244.9.9:80/": dial tcp 10.244.9.9:80: i/o timeout '
            "(Client.Timeout exceeded while awaiting headers)"
        ),
    ),
    (
        {"httpGet": {"port": "web"}},
        'probe errored and resulted in unknown state: strconv.Atoi: parsing "web": invalid syntax',
    ),
    ({"tcpSocket": {"port": 81}}, "probe failed: dial tcp IP:81: connect: connection refused"),
)
PASSING: tuple[Object, ...] = (
    {"exec": {"command": ["true"]}},
    {"tcpSocket": {"port": 80}},
    {"httpGet": {"port": 80, "path": "/index.html", "httpHeaders": [{"name": "X-A", "value": "b"}]}},
)


def test_what_fails_is_told_in_the_kubelets_words() -> None:
    async def test(lab: PodsLab) -> None:
        for i, (handler, _) in enumerate(FAILING):
            lab.pod(f"p{i}", NGINX, container={"readinessProbe": handler})
        await asyncio.sleep(15)
        for i, (_, says) in enumerate(FAILING):
            told = f"Readiness {says}".replace("IP", lab.status(f"p{i}")["podIP"])
            assert messages(lab, f"p{i}", "Unhealthy") == [told]
            assert main_status(lab, f"p{i}")["ready"] is False

    in_sandbox(test)


def test_what_passes_makes_a_container_ready_as_soon_as_it_is_seen() -> None:
    async def test(lab: PodsLab) -> None:
        for i, handler in enumerate(PASSING):
            lab.pod(f"p{i}", NGINX, container={"readinessProbe": {**handler, "periodSeconds": 100}})
        await asyncio.sleep(3)
        for i in range(len(PASSING)):
            assert main_status(lab, f"p{i}")["ready"] is True
            assert messages(lab, f"p{i}", "Unhealthy") == []

    in_sandbox(test)


def deadlock(**probe: Any) -> Object:
    """A container that is alive as long as its file is there."""
    exec_ = {"exec": {"command": ["cat", "/tmp/alive"]}, "periodSeconds": 2, **probe}
    return {"command": ["sh", "-c", "touch /tmp/alive; sleep 5; rm /tmp/alive; sleep 3600"], "livenessProbe": exec_}


def test_a_container_that_fails_its_liveness_probe_is_stopped_gracefully_and_started_again() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("p", BUSYBOX, container=deadlock(failureThreshold=2), terminationGracePeriodSeconds=7)
        await asyncio.sleep(14)
        assert messages(lab, "p", "Killing") == ["Container main failed liveness probe, will be restarted"]
        assert messages(lab, "p", "Unhealthy") == [
            "Liveness probe failed: cat: can't open '/tmp/alive': No such file or directory\n"
        ]
        assert main_status(lab, "p")["restartCount"] == 0  # it has its grace period
        await asyncio.sleep(6)
        status = main_status(lab, "p")
        assert (status["restartCount"], status["lastState"]["terminated"]["exitCode"]) == (1, 137)
        assert "running" in status["state"]

    in_sandbox(test)


def test_one_that_fails_it_again_and_again_gets_into_back_off() -> None:
    async def test(lab: PodsLab) -> None:
        probe = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
        probe["terminationGracePeriodSeconds"] = 1
        lab.pod("p", BUSYBOX, SLEEP, container={"livenessProbe": probe})
        await asyncio.sleep(30)
        status = main_status(lab, "p")
        assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert 2 <= status["restartCount"] <= 4

    in_sandbox(test)


def test_a_liveness_command_that_is_not_there_or_a_policy_of_never_restarts_nothing() -> None:
    async def test(lab: PodsLab) -> None:
        absent = {"exec": {"command": ["nope"]}, "periodSeconds": 1, "failureThreshold": 1}
        lab.pod("absent", BUSYBOX, SLEEP, container={"livenessProbe": absent})
        container = deadlock(failureThreshold=1)
        lab.pod("never", BUSYBOX, container=container, restartPolicy="Never", terminationGracePeriodSeconds=1)
        await asyncio.sleep(30)
        assert (main_status(lab, "absent")["restartCount"], lab.status("absent")["phase"]) == (0, "Running")
        assert messages(lab, "never", "Killing") == ["Container main failed liveness probe"]
        assert lab.status("never")["phase"] == "Failed"

    in_sandbox(test)


def test_a_startup_probe_holds_back_the_others_until_it_has_passed() -> None:
    async def test(lab: PodsLab) -> None:
        startup = {"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 2, "failureThreshold": 20}
        line = "sleep 9; touch /tmp/up; sleep 3600"
        live = {"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 1}
        probes = {"startupProbe": startup, "livenessProbe": live, "readinessProbe": {"tcpSocket": {"port": 81}}}
        lab.pod("p", BUSYBOX, ["sh", "-c", line], container=probes)
        await asyncio.sleep(9)
        status = main_status(lab, "p")
        assert (status["started"], status["ready"], lab.status("p")["phase"]) == (False, False, "Running")
        assert all(text.startswith("Startup") for text in messages(lab, "p", "Unhealthy"))
        await asyncio.sleep(5)
        assert (main_status(lab, "p")["started"], main_status(lab, "p")["restartCount"]) == (True, 0)
        assert any(text.startswith("Readiness") for text in messages(lab, "p", "Unhealthy"))

    in_sandbox(test)


def test_a_startup_probe_that_never_passes_restarts_the_container_with_its_own_grace_period() -> None:
    async def test(lab: PodsLab) -> None:
        startup = {"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 3}
        startup["terminationGracePeriodSeconds"] = 4
        lab.pod("p", BUSYBOX, SLEEP, container={"startupProbe": startup}, terminationGracePeriodSeconds=100)
        await asyncio.sleep(14)
        assert messages(lab, "p", "Killing") == ["Container main failed startup probe, will be restarted"]
        assert main_status(lab, "p")["restartCount"] == 1

    in_sandbox(test)


def test_a_pod_that_is_deleted_is_no_longer_judged_by_its_liveness_probe() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("p", BUSYBOX, container=deadlock(), terminationGracePeriodSeconds=20)
        await asyncio.sleep(4)
        await lab.cluster.delete("Pod", "p", "default")
        await asyncio.sleep(15)
        assert messages(lab, "p", "Killing") == ["Stopping container main"]

    in_sandbox(test)


def test_the_kubelet_of_a_node_that_is_cut_off_still_reaches_its_pods() -> None:
    async def test(lab: PodsLab) -> None:
        probe = {"httpGet": {"port": 80}, "periodSeconds": 1, "failureThreshold": 1}
        lab.pod("p", NGINX, nodeName="node-2", container={"readinessProbe": probe, "livenessProbe": probe})
        await asyncio.sleep(5)
        node = lab.sandbox.store.get("Node", "", "node-2")
        assert node is not None
        for marks in ({NETWORK_ANNOTATION: DOWN}, {}):
            node = {**node, "metadata": {**node["metadata"], "annotations": marks}}
            node = lab.sandbox.store.update("Node", node)
            await asyncio.sleep(20 if marks else 60)
        assert (main_status(lab, "p")["ready"], main_status(lab, "p")["restartCount"]) == (True, 0)
        assert messages(lab, "p", "Unhealthy") == []

    in_sandbox(test)


def test_a_container_that_ends_before_the_others_of_its_terminating_pod_becomes_unready_by_its_probe() -> None:
    async def test(lab: PodsLab) -> None:
        probe = {"tcpSocket": {"port": 80}, "periodSeconds": 1, "failureThreshold": 2}
        containers = [{"name": "main", "image": NGINX, "readinessProbe": probe}]
        containers.append({"name": "tools", "image": BUSYBOX, "command": SLEEP})
        lab.create("Pod", "p", spec={"containers": containers, "terminationGracePeriodSeconds": 10})
        await asyncio.sleep(5)
        await lab.cluster.delete("Pod", "p", "default")
        seen = []
        for _ in range(8):
            await asyncio.sleep(0.5)
            seen.append(next(c["status"] for c in lab.status("p")["conditions"] if c["type"] == "Ready"))
        assert seen == sorted(seen, reverse=True)
        assert {"True", "False"} == set(seen)

    in_sandbox(test)
