"""The order of events that was seen on a real cluster (see the delays' sources), reproduced by the whole sandbox."""

from __future__ import annotations

import asyncio

import pytest

from tests.kubesim.unit_web import DOMAIN, UnitWeb, in_unit_web

SEEDS = (0, 1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_deleting_a_pod_takes_its_name_away_for_as_long_as_its_container_lives(seed: int) -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        old = lab.get("Pod", "web-1")
        address, t0 = old["status"]["podIP"], lab.now_s()
        lab.sandbox.delete("Pod", "web-1")
        await asyncio.sleep(60)
        new = lab.get("Pod", "web-1")

        (marked_s, marked), (left_s, left), (back_s, back) = lab.endpoints("web", t0)
        assert (marked["web-1"], left.get("web-1"), back["web-1"]) == ("ST", None, "RS")
        views = lab.dns("web-1.web", t0)
        assert len(views) == 2
        lost = [changes[0] for changes in views.values()]
        found = [changes[1] for changes in views.values()]
        assert {value for _, value in lost} == {()}
        assert {value for _, value in found} == {(new["status"]["podIP"],)}
        ceased_s = lab.ceased_s(address)
        failed_s = lab.phase_since(old["metadata"]["uid"], "Failed")
        gone_s, created_s = lab.pod_step("web-1", "gone", t0), lab.pod_step("web-1", "created", t0)
        ready_s = lab.pod_step("web-1", "ready", t0)

        order = [t0, marked_s, *sorted(at for at, _ in lost), ceased_s, failed_s, left_s, gone_s, created_s, ready_s]
        order += [back_s, *sorted(at for at, _ in found)]
        assert order == sorted(order)
        assert max(at for at, _ in lost) - t0 < 0.05
        assert ceased_s - t0 == pytest.approx(30.01, abs=0.01)
        assert 30.2 < gone_s - t0 < 31.2
        assert created_s - gone_s < 0.012
        assert ready_s - created_s < 1.7
        assert max(at for at, _ in found) - ready_s < 0.03
        assert new["status"]["podIP"] != address

    in_unit_web(test, seed=seed)


def test_with_a_grace_period_of_one_second_the_old_address_serves_for_two() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        address, t0 = lab.get("Pod", "web-1")["status"]["podIP"], lab.now_s()
        lab.sandbox.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(20)
        assert lab.ceased_s(address) - t0 == pytest.approx(2.01, abs=0.01)
        assert 2.2 < lab.pod_step("web-1", "gone", t0) - t0 < 3.2
        assert lab.pod_step("web-1", "ready", t0) - t0 < 5

    in_unit_web(test)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_force_delete_two_pods_serve_under_one_name(seed: int) -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        address, t0 = lab.get("Pod", "web-1")["status"]["podIP"], lab.now_s()
        lab.sandbox.delete("Pod", "web-1", grace_s=0)
        await asyncio.sleep(20)
        assert lab.pod_step("web-1", "gone", t0) == t0
        assert lab.pod_step("web-1", "created", t0) - t0 < 0.015
        old_until_s = lab.ceased_s(address)
        new_from_s, _ = lab.serving(lab.get("Pod", "web-1")["status"]["podIP"])[0]
        assert old_until_s - t0 == pytest.approx(2.01, abs=0.01)
        assert 0.4 < new_from_s - t0 < 1.3
        assert new_from_s < old_until_s

    in_unit_web(test, seed=seed)


def test_two_pods_deleted_together_vanish_together_and_come_back_one_after_the_other() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        t0 = lab.now_s()
        lab.sandbox.delete("Pod", "web-0", grace_s=1)
        lab.sandbox.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(20)
        for name in ("web-0.web", "web-1.web"):
            assert all(changes[0][0] - t0 < 0.05 and changes[0][1] == () for changes in lab.dns(name, t0).values())
        later = [step for step in lab.steps(t0) if step.split()[1] in ("created", "ready")]
        assert later == ["web-0 created", "web-0 ready", "web-1 created", "web-1 ready"]
        assert lab.pod_step("web-0", "ready", t0) - t0 < 5
        assert lab.pod_step("web-1", "created", t0) > lab.pod_step("web-0", "ready", t0)

    in_unit_web(test)


def test_scaling_down_by_two_takes_the_second_name_away_only_when_the_first_pod_is_gone() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        t0 = lab.now_s()
        lab.scale(1)
        await asyncio.sleep(80)
        assert lab.steps(t0) == ["web-2 terminating", "web-2 gone", "web-1 terminating", "web-1 gone"]
        first = max(changes[0][0] for changes in lab.dns("web-2.web", t0).values())
        second = min(changes[0][0] for changes in lab.dns("web-1.web", t0).values())
        assert first - t0 < 0.06
        assert second > lab.pod_step("web-2", "gone", t0)
        assert 30 < second - t0 < 32
        assert lab.answered("web-0.web") != {()}

    in_unit_web(test)


def test_a_wrong_service_name_is_a_latent_fault_and_the_right_one_a_latent_repair() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        t0 = lab.now_s()
        lab.sandbox.delete("StatefulSet", "web", propagation="Orphan")
        await asyncio.sleep(1)
        lab.deploy(service_name="nope", services=False)
        await asyncio.sleep(5)
        assert lab.steps(t0) == []
        assert lab.answered("web-1.web") == {(lab.get("Pod", "web-1")["status"]["podIP"],)}

        lab.sandbox.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(20)
        address = lab.get("Pod", "web-1")["status"]["podIP"]
        dashed = address.replace(".", "-")
        assert lab.get("Pod", "web-1")["spec"]["subdomain"] == "nope"
        assert lab.answered("web-1.web") == {()}
        assert all(f"{dashed}.{DOMAIN}" in targets for targets in lab.answered("web", "SRV"))
        assert all(len(addresses) == 3 and address in addresses for addresses in lab.answered("web"))

        lab.sandbox.delete("StatefulSet", "web", propagation="Orphan")
        await asyncio.sleep(1)
        lab.deploy(services=False)
        await asyncio.sleep(5)
        assert lab.answered("web-1.web") == {()}
        lab.sandbox.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(20)
        assert lab.answered("web-1.web") == {(lab.get("Pod", "web-1")["status"]["podIP"],)}

    in_unit_web(test)


def test_a_cluster_ip_goes_on_serving_from_its_only_pod_while_that_terminates() -> None:
    async def test(lab: UnitWeb) -> None:
        lab.deploy()
        await asyncio.sleep(15)
        address, t0 = lab.get("Pod", "web-1")["status"]["podIP"], lab.now_s()
        lab.sandbox.delete("Pod", "web-1", grace_s=8)
        await asyncio.sleep(25)
        assert all(changes[0][0] - t0 < 0.05 for changes in lab.dns("web-1.web", t0).values())
        routes = [(f.at_s - t0, f.value) for f in lab.sandbox.truth.of("service", name="only-web-1") if f.at_s >= t0]
        assert [value for _, value in routes] == [(), (lab.get("Pod", "web-1")["status"]["podIP"],)]
        assert 8.0 < routes[0][0] < 8.3
        assert lab.ceased_s(address) - t0 == pytest.approx(8.01, abs=0.01)

    in_unit_web(test)


def test_killed_coredns_pods_go_on_answering_for_five_seconds() -> None:
    async def test(lab: UnitWeb) -> None:
        pods = lab.store.list("Pod", "kube-system")
        t0 = lab.now_s()
        for pod in pods:
            lab.sandbox.delete("Pod", pod["metadata"]["name"], namespace="kube-system")
        await asyncio.sleep(20)
        for pod in pods:
            assert lab.ceased_s(pod["status"]["podIP"]) - t0 == pytest.approx(5.01, abs=0.01)
        assert len(lab.store.list("Pod", "kube-system")) == 2

    in_unit_web(test)
