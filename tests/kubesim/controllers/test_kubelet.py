"""Kubelets: how a pod starts, crashes and ends, and when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.kubelet.addresses import AddressPool
from kubesim.kubelet.container import full_image
from kubesim.kubelet.relist import Relist
from kubesim.store import Object
from tests.kubesim.controllers.lab import EXACT, POLICY, Lab, in_lab, workload_spec


def make_pod(lab: Lab, *, image: str = "polite", container: Object | None = None, **spec: Any) -> Object:
    return lab.create(
        "Pod", "p", spec={"containers": [{**POLICY, "name": "main", "image": image, **(container or {})}], **spec}
    )


def conditions(pod: Object) -> dict[str, str]:
    return {c["type"]: c["status"] for c in pod["status"]["conditions"]}


def phases(lab: Lab) -> list[str]:
    found = [c["status"]["phase"] for _, c in lab.statuses("Pod", "p")]
    return [p for p, before in zip(found, [None, *found], strict=False) if p != before]


def test_a_pod_starts_at_the_modelled_instants_and_is_ready_at_once() -> None:
    """The kubelet looks at what it has started itself without waiting for its next round."""

    async def test(lab: Lab) -> None:
        make_pod(lab)
        await asyncio.sleep(5)
        # bind 3 ms, notice 7 ms, sandbox 370 ms, create 8 ms, start 40 ms
        assert lab.when("p scheduled") == 0.003
        assert lab.when("p started") == pytest.approx(0.428)
        assert lab.when("p ready") == pytest.approx(0.431)

    in_lab(test, overrides=EXACT)


def test_a_running_pod_has_the_status_that_a_real_kubelet_reports() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab)
        await asyncio.sleep(5)
        status = lab.get("Pod", "p")["status"]
        assert list(conditions(lab.get("Pod", "p"))) == [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
        ]
        assert set(conditions(lab.get("Pod", "p")).values()) == {"True"}
        assert (status["phase"], status["qosClass"], status["podIP"]) == ("Running", "BestEffort", "10.244.1.2")
        assert status["hostIP"] == "172.30.0.11"
        main = status["containerStatuses"][0]
        assert (main["ready"], main["started"], main["restartCount"]) == (True, True, 0)
        assert set(main["state"]) == {"running"}

    in_lab(test)


def test_a_container_that_ignores_sigterm_is_killed_exactly_at_the_end_of_the_grace_period() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn")
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=10)
        await asyncio.sleep(20)
        sigterm = lab.when("p SIGTERM")
        assert sigterm == pytest.approx(5.007)
        assert lab.when("p exited 137") == pytest.approx(sigterm + 10)
        failed = next(at for at, pod in lab.statuses("Pod", "p") if pod["status"]["phase"] == "Failed")
        assert failed == pytest.approx(sigterm + 10 + 0.070 + 0.025)
        assert lab.when("p gone") == pytest.approx(failed + 0.260)

    in_lab(test, overrides=EXACT)


def test_a_container_gets_two_seconds_even_where_the_grace_period_is_shorter() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn")
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=1)
        await asyncio.sleep(20)
        assert lab.when("p exited 137") == pytest.approx(lab.when("p SIGTERM") + 2)

    in_lab(test, overrides=EXACT)


def test_a_force_deleted_pod_is_gone_at_once_while_its_container_lives_on_for_two_seconds() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn")
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=0)
        assert lab.when("p gone") == 5.0
        assert lab.hosts
        await asyncio.sleep(20)
        assert lab.when("p exited 137") == pytest.approx(7.007)
        assert not lab.hosts

    in_lab(test, overrides=EXACT)


def test_a_second_delete_shortens_the_grace_period() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn")
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=30)
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=7)
        await asyncio.sleep(20)
        assert lab.when("p exited 137") == pytest.approx(lab.when("p SIGTERM") + 7)

    in_lab(test, overrides=EXACT)


def test_a_polite_container_ends_the_pod_as_succeeded_at_once() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab)
        await asyncio.sleep(5)
        lab.delete("Pod", "p")
        await asyncio.sleep(5)
        assert phases(lab) == ["Pending", "Running", "Succeeded"]
        assert lab.when("p gone") < 6

    in_lab(test)


def test_a_pre_stop_sleep_holds_back_sigterm_and_is_part_of_the_grace_period() -> None:
    async def test(lab: Lab) -> None:
        hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 4}}}}
        make_pod(lab, image="stubborn", container=hook)
        await asyncio.sleep(5)
        lab.delete("Pod", "p", grace_s=10)
        await asyncio.sleep(20)
        assert lab.when("p SIGTERM") == pytest.approx(9.007)
        assert lab.when("p exited 137") == pytest.approx(15.007)

    in_lab(test, overrides=EXACT)


def test_a_pod_that_is_deleted_while_it_starts_goes_without_ever_running() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab)
        await asyncio.sleep(0.2)
        lab.delete("Pod", "p")
        await asyncio.sleep(5)
        assert lab.names("Pod") == []
        assert not [entry for entry in lab.log if entry[1] == "started"]
        assert not lab.hosts

    in_lab(test)


def test_a_crashing_container_restarts_at_once_then_after_10_s_then_after_20_s() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="crash")
        await asyncio.sleep(60)
        starts = [at for at, what, _ in lab.log if what == "started"]
        ends = [at for at, what, _ in lab.log if what == "exited 3"]
        waits = [start - end for start, end in zip(starts[1:], ends, strict=False)]
        assert waits[0] < 1.2
        assert 10 <= waits[1] <= 11.2
        assert 20 <= waits[2] <= 21.2
        main = lab.get("Pod", "p")["status"]["containerStatuses"][0]
        assert main["restartCount"] == 3
        assert main["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert main["lastState"]["terminated"]["exitCode"] == 3
        assert conditions(lab.get("Pod", "p"))["Ready"] == "False"

    in_lab(test)


@pytest.mark.parametrize(("image", "policy", "phase"), [("once", "Never", "Succeeded"), ("crash", "Never", "Failed"),
                                                        ("once", "OnFailure", "Succeeded")])  # fmt: skip
def test_a_pod_that_runs_to_its_end_keeps_its_object_and_loses_its_network(image: str, policy: str, phase: str) -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image=image, restartPolicy=policy)
        await asyncio.sleep(10)
        assert phases(lab) == ["Pending", "Running", phase]
        assert not lab.hosts
        lab.delete("Pod", "p")
        assert lab.names("Pod") == []

    in_lab(test)


@pytest.mark.parametrize(("policy", "reasons"), [("Never", {"ErrImageNeverPull"}),
                                                 ("IfNotPresent", {"ErrImagePull", "ImagePullBackOff"})])  # fmt: skip
def test_a_pod_with_an_unknown_image_waits_and_starts_when_the_image_is_corrected(
    policy: str, reasons: set[str]
) -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="nope:1", container={"imagePullPolicy": policy})
        await asyncio.sleep(40)
        seen = {
            c["state"].get("waiting", {}).get("reason")
            for _, pod in lab.statuses("Pod", "p")
            for c in pod["status"].get("containerStatuses", ())
        }
        assert seen == {"ContainerCreating", *reasons}
        assert lab.get("Pod", "p")["status"]["phase"] == "Pending"

        def correct(pod: Object) -> None:
            pod["spec"]["containers"][0]["image"] = "polite"

        lab.patch("Pod", "p", correct)
        await asyncio.sleep(60)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "True"

    in_lab(test)


def test_a_readiness_probe_decides_when_a_pod_becomes_ready_and_unready() -> None:
    async def test(lab: Lab) -> None:
        probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 2, "failureThreshold": 3}
        lab.unready.add("p")
        make_pod(lab, container={"readinessProbe": probe})
        await asyncio.sleep(5)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "False"
        lab.unready.clear()
        await asyncio.sleep(2.1)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "True"
        lab.unready.add("p")
        await asyncio.sleep(3.9)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "True"
        await asyncio.sleep(2.2)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "False"

    in_lab(test)


def test_init_containers_run_to_their_end_one_after_the_other_before_the_others_start() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, initContainers=[{"name": "a", "image": "once"}, {"name": "b", "image": "once"}])
        await asyncio.sleep(1)
        assert conditions(lab.get("Pod", "p"))["Initialized"] == "False"
        await asyncio.sleep(9)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "True"
        notes = [what for _, what, _ in lab.log]
        assert notes == ["started", "exited 0", "started", "exited 0", "started"]

    in_lab(test)


def side(name: str, image: str = "polite") -> Object:
    return {**POLICY, "name": name, "image": image, "restartPolicy": "Always"}


def test_sidecars_are_stopped_after_the_main_containers_the_last_started_first() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, initContainers=[side("one"), side("two")])
        await asyncio.sleep(10)
        lab.delete("Pod", "p")
        await asyncio.sleep(5)
        assert [name for _, name in lab.signalled] == ["main", "two", "one"]

    in_lab(test)


def test_at_the_end_of_the_grace_period_no_sidecar_waits_for_its_turn() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn", initContainers=[side("one", "stubborn"), side("two", "stubborn")])
        await asyncio.sleep(10)
        lab.delete("Pod", "p", grace_s=5)
        await asyncio.sleep(20)
        begun_s = lab.signalled[0][0]
        assert [(name, at_s - begun_s) for at_s, name in lab.signalled] == [
            ("main", 0),
            ("one", pytest.approx(5)),
            ("two", pytest.approx(5)),
        ]
        assert [at_s - begun_s for at_s, what, _ in lab.log if what == "exited 137"] == pytest.approx([5, 7, 7])

    in_lab(test, overrides=EXACT)


def test_a_probe_ticks_from_when_its_pod_was_first_synced_and_delays_leave_out_ticks() -> None:
    async def test(lab: Lab) -> None:
        lab.unready.add("p")
        probe = {"tcpSocket": {"port": 80}, "periodSeconds": 10, "initialDelaySeconds": 12, "failureThreshold": 1}
        make_pod(lab, container={"livenessProbe": probe})
        await asyncio.sleep(60)
        # synced at 10 ms; ticks at 10.010 (too early) and at 20.010
        assert lab.when("p SIGTERM") == pytest.approx(20.010, abs=0.001)

    in_lab(test, overrides=EXACT)


def test_readiness_needs_as_many_successes_in_a_row_as_its_threshold_says() -> None:
    async def test(lab: Lab) -> None:
        probe = {"tcpSocket": {"port": 80}, "periodSeconds": 4, "successThreshold": 3}
        make_pod(lab, container={"readinessProbe": probe})
        await asyncio.sleep(3)
        assert conditions(lab.get("Pod", "p"))["Ready"] == "False"
        await asyncio.sleep(7)  # asked twice as soon as it was seen, and once more after a period
        assert conditions(lab.get("Pod", "p"))["Ready"] == "True"

    in_lab(test)


def test_a_changed_image_restarts_its_container_whatever_the_policy_says() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, image="stubborn", restartPolicy="Never", terminationGracePeriodSeconds=4)
        await asyncio.sleep(5)

        def change(pod: Object) -> None:
            pod["spec"]["containers"][0]["image"] = "polite"

        lab.patch("Pod", "p", change)
        await asyncio.sleep(10)
        assert "Killing: Container main definition changed, will be restarted" in lab.events("p")
        main = lab.get("Pod", "p")["status"]["containerStatuses"][0]
        assert (main["restartCount"], main["image"]) == (1, "docker.io/library/polite:latest")
        assert main["lastState"]["terminated"]["exitCode"] == 137
        assert lab.get("Pod", "p")["status"]["phase"] == "Running"

    in_lab(test)


def test_a_pod_is_pending_as_long_as_one_of_its_containers_has_never_run() -> None:
    async def test(lab: Lab) -> None:
        other = {**POLICY, "name": "other", "image": "nope:1"}
        lab.create("Pod", "p", spec={"containers": [{**POLICY, "name": "main", "image": "polite"}, other]})
        await asyncio.sleep(5)
        assert lab.get("Pod", "p")["status"]["phase"] == "Pending"

    in_lab(test)


def test_a_pod_waits_for_the_config_map_that_it_mounts() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, volumes=[{"name": "v", "configMap": {"name": "later"}}])
        await asyncio.sleep(5)
        assert lab.get("Pod", "p")["status"]["phase"] == "Pending"
        assert 'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "later" not found' in lab.events("p")
        lab.create("ConfigMap", "later", data={})
        await asyncio.sleep(5)
        assert lab.get("Pod", "p")["status"]["phase"] == "Running"

    in_lab(test)


def test_the_same_seed_gives_the_same_commits_and_another_seed_others() -> None:
    async def test(lab: Lab) -> list[tuple[float, str, str]]:
        lab.create("StatefulSet", "web", spec=workload_spec("web", replicas=3, serviceName="web"))
        await asyncio.sleep(10)
        lab.delete("Pod", "web-1")
        await asyncio.sleep(40)
        return [(at, c.type, c.object["metadata"]["uid"]) for at, c in lab.commits]

    assert in_lab(test, seed=7) == in_lab(test, seed=7)
    assert in_lab(test, seed=7) != in_lab(test, seed=8)


def test_addresses_are_handed_out_in_order_and_reused_only_after_all_others() -> None:
    pool = AddressPool(2, 2)
    assert [pool.take(), pool.take()] == ["10.244.2.2", "10.244.2.3"]
    pool.give_back("10.244.2.2")
    taken = [pool.take() for _ in range(252)]
    assert taken[0] == "10.244.2.4"
    assert taken[-1] == "10.244.2.2"
    assert pool.take() == "10.244.4.2"


def test_the_next_round_of_a_kubelet_is_always_later_than_now() -> None:
    relist = Relist(0.25, 1.0)
    assert [relist.next_s(t) for t in (0.0, 0.25, 0.3, 7.25)] == [0.25, 1.25, 1.25, 8.25]


@pytest.mark.parametrize(("short", "full"), [("nginx:alpine", "docker.io/library/nginx:alpine"),
                                             ("a/b:1", "docker.io/a/b:1"), ("k8s.io/a:1", "k8s.io/a:1")])  # fmt: skip
def test_short_image_names_are_completed_as_containerd_does(short: str, full: str) -> None:
    assert full_image(short) == full


def test_events_about_a_container_name_it_by_its_path_in_the_spec() -> None:
    async def test(lab: Lab) -> None:
        init = {**POLICY, "name": "first", "image": "once"}
        lab.statefulset(replicas=1, pod={"initContainers": [init]})
        await asyncio.sleep(10)
        lab.delete("Pod", "web-0")
        await asyncio.sleep(0.1)
        rows = [e for e in lab.store.list("Event", "default") if e["involvedObject"]["name"] == "web-0"]
        paths = [(e["reason"], e["involvedObject"].get("fieldPath")) for e in rows]
        assert paths == [
            ("Scheduled", None),
            ("Pulled", "spec.initContainers{first}"),
            ("Created", "spec.initContainers{first}"),
            ("Started", "spec.initContainers{first}"),
            ("Pulled", "spec.containers{main}"),
            ("Created", "spec.containers{main}"),
            ("Started", "spec.containers{main}"),
            ("Killing", "spec.containers{main}"),
        ]

    in_lab(test)
