"""Mistakes that a user of kubesim makes: each is told at once, with what to do instead."""

from __future__ import annotations

import asyncio

import pytest

import kubesim
from kubesim import virtual
from tests.kubesim.pods_lab import PodsLab, in_sandbox
from tests.kubesim.test_interface import on_a_cluster

POD = "{apiVersion: v1, kind: Pod, metadata: {name: app}, spec: {containers: [{name: app, image: IMAGE}]}}"


def pod(image: str) -> str:
    return POD.replace("IMAGE", image)


def test_a_cluster_that_has_failed_ends_every_wait_with_its_first_error() -> None:
    """Nothing becomes ready any more: who waits is told why, at the instant of the failure or of the question."""

    async def story(cluster: kubesim.Cluster) -> None:
        error = RuntimeError("a bug inside")
        await cluster.apply(pod("no-such-image"))
        began_s = cluster.clock.now_s()
        cluster.clock.loop.call_later(7, cluster._tasks.fail, error)
        for wait in (cluster.until_ready("pod/app"), cluster.until(lambda: True)):
            with pytest.raises(RuntimeError) as caught:
                await wait
            assert caught.value is error
            assert cluster.clock.now_s() - began_s == 7
        raise LookupError

    with pytest.raises(LookupError) as caught:
        on_a_cluster(story)
    assert caught.value.__notes__ == [
        "the simulated cluster had failed before, and its log says where: RuntimeError('a bug inside')"
    ]


def test_a_program_that_goes_round_without_waiting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual time would stand still, and the test would hang."""
    monkeypatch.setattr(virtual, "_MOST_STEPS_AT_AN_INSTANT", 1000)

    async def spins(_call: kubesim.Call) -> int:
        while True:
            await asyncio.sleep(0)

    async def story(cluster: kubesim.Cluster) -> None:
        await cluster.apply(pod("example/spins"))
        await asyncio.sleep(600)

    image = kubesim.Image("example/spins", command=("app",), programs={"app": spins})
    told = r"\n  the program app of .*, .*spins at .*test_mistakes\.py"
    with pytest.raises(kubesim.VirtualDeadlockError, match=told):
        on_a_cluster(story, [image])


def test_a_container_without_any_command_fails_alone() -> None:
    """As on containerd: the container cannot be created, and is tried again."""

    async def test(lab: PodsLab) -> None:
        lab.pod("app", "example/empty")
        await asyncio.sleep(30)
        (row,) = lab.status("app")["containerStatuses"]
        assert row["state"]["waiting"]["reason"] == "CreateContainerError"
        assert "no command specified" in row["state"]["waiting"]["message"]
        assert lab.sandbox.failure() is None

    in_sandbox(test, images=[kubesim.Image("example/empty", programs=kubesim.BUSYBOX)])
