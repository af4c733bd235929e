"""Mistakes that a user of kubesim makes: each is told at once, with what to do instead."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import kubesim
from kubesim import virtual
from kubesim.running import running
from tests.kubesim.pods_lab import PodsLab, in_sandbox
from tests.kubesim.test_interface import WEB, on_a_cluster

POD = "{apiVersion: v1, kind: Pod, metadata: {name: app}, spec: {containers: [{name: app, image: IMAGE}]}}"

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  replicas: 5
  selector: {matchLabels: {app: front}}
  template: {metadata: {labels: {app: front}}, spec: {containers: [{name: app, image: no-such-image}]}}
"""


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


async def app(_call: kubesim.Call) -> int:
    return 0


def refused(**arguments: Any) -> str:
    """What a cluster with these arguments raises when it is made."""

    async def main() -> None:
        kubesim.Cluster(**arguments)

    with pytest.raises(kubesim.SimulationError) as caught:
        kubesim.run_virtual(main())
    return str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"command": "app -v"},
            "the command of image a is a text: 'app -v'\n  write its words as a tuple: command=('app', '-v')",
        ),
        ({"entrypoint": ("app", 1)}, "the entrypoint of image a is no tuple of texts: ('app', 1)\n  write the program"),
        ({"command": ("/bin/ap",)}, "image a starts '/bin/ap', and has no program of that name\n  did you mean 'app'?"),
        ({"command": ("x",)}, "image a starts 'x', and has no program of that name\n  name it among its programs: "),
        (
            {"programs": {"app": None}},
            "the program 'app' of image a is no coroutine function: None\n  write one, async def",
        ),
        ({"programs": [app]}, "the programs of image a have no names: [<function app"),
        ({"programs": {app: app}}, "a program of image a has a name that is no text: <function app"),
        ({"name": None}, "None is no name for an image\n  give it one such as"),
    ],
)
def test_what_is_wrong_with_an_image_is_told_with_what_to_write(fields: dict[str, Any], message: str) -> None:
    image = kubesim.Image(**{"name": "a", "programs": {"app": app}, **fields})
    assert refused(images=[image]).startswith(message)


def test_images_are_a_list_of_images() -> None:
    image = kubesim.Image("a", command=("app",), programs={"app": app})
    assert refused(images=image) == "images is the one image 'a'\n  write it as a list: images=[image]"
    assert refused(images=7).startswith("images is no list: 7")
    assert refused(images=["a"]) == "among the images is no image: 'a'\n  images=[kubesim.Image(…)]"


def test_an_override_or_a_seed_that_cannot_be_is_told() -> None:
    assert refused(overrides={"kubelet_strat": (1, 2)}).startswith(
        "overrides name 'kubelet_strat', and no delay is called so\n  did you mean 'kubelet_start'"
    )
    assert refused(overrides={"x": (1, 2)}).endswith("\n  kubesim.DELAYS has all")
    for given in ((2, 1), 3, (1, 2, 3), ("1", "2"), (-1, 2), (0, float("nan"))):
        assert refused(overrides={"kubelet_start": given}).startswith(
            f"{given!r} for 'kubelet_start' is no range\n  write ("
        )
    assert refused(overrides=[("kubelet_start", (1, 2))]).startswith("overrides are no delays by name: ")
    assert refused(seed="a") == "the seed 'a' is no whole number\n  Cluster(seed=1)"


def test_a_cluster_is_started_once_and_used_while_it_is_up() -> None:
    """Each mistake is an error with the next step, and no cluster is taken for forgotten."""

    async def main() -> None:
        cluster = kubesim.Cluster()
        with pytest.raises(
            kubesim.SimulationError, match=r"apply needs a cluster that is up\n  it has not been started"
        ):
            await cluster.apply(pod("nginx"))
        await cluster.start()
        with pytest.raises(kubesim.SimulationError, match="started once, and this one runs already"):
            await cluster.start()
        with pytest.raises(kubesim.SimulationError, match="runs already"):
            async with cluster:
                pass
        await cluster.apply(pod("nginx"))  # it still works
        await cluster.until_ready()
        await cluster.stop()
        for late in (cluster.apply(pod("nginx")), cluster.until_ready(), cluster.until(lambda: False)):
            with pytest.raises(kubesim.SimulationError, match="it has been stopped"):
                await late
        with pytest.raises(kubesim.SimulationError, match="this one has been stopped"):
            await cluster.start()

    before = running()
    kubesim.run_virtual(main())
    assert running() == before


def test_what_cannot_be_applied_says_what_to_do_instead() -> None:
    async def told(cluster: kubesim.Cluster, *kinds: str) -> str:
        manifests = [
            f"{{apiVersion: {kind.partition(' ')[0]}, kind: {kind.partition(' ')[2]}, metadata: {{name: a}}}}"
            for kind in kinds
        ]
        with pytest.raises(kubesim.ManifestError) as caught:
            await cluster.apply(manifests)
        return caught.value.hint

    async def story(cluster: kubesim.Cluster) -> None:
        assert await told(cluster, "apps/v1beta1 Deployment") == "Deployment is apps/v1 here; nothing was changed"
        assert await told(
            cluster, "resource.k8s.io/v1 ResourceClaim", "node.k8s.io/v1 RuntimeClass", "example.com/v1 Service"
        ) == (
            "ResourceClaim, RuntimeClass: of Kubernetes itself, and not in kubesim; leave it out, or add it "
            "(CONTRIBUTING, A kind); apply its CustomResourceDefinition too, or leave it out; nothing was changed"
        )
        with pytest.raises(
            kubesim.ManifestError, match=r"namespaces \"shop\" not found\n  create the namespace shop first"
        ):
            await cluster.apply(pod("nginx"), "shop")

    on_a_cluster(story)


async def lacking(cluster: kubesim.Cluster, name: str) -> kubesim.NotReadyError:
    with pytest.raises(kubesim.NotReadyError) as caught:
        await cluster.until_ready(name, within_s=30)
    return caught.value


def test_what_is_not_ready_says_what_holds_it_up() -> None:
    """A crash with its last words, a workload with its pods; and what is not there has no events to look at."""

    async def crashes(_call: kubesim.Call) -> int:
        raise ValueError("no port is given")

    async def story(cluster: kubesim.Cluster) -> None:
        await cluster.apply([pod("example/crashes"), WEB.replace("nginx:1.29", "no-such-image"), DEPLOYMENT])
        crashed = await lacking(cluster, "pod/app")
        assert "CrashLoopBackOff back-off" in crashed.message
        assert crashed.message.endswith(", app ended with 1 (Error): ValueError: no port is given")
        assert crashed.hint.startswith("look at the events")
        told = (await lacking(cluster, "statefulset/web")).message
        assert "StatefulSet web: 0 of 2 replicas are ready (pods: 1), Pod web-0: Pending, ErrImagePull " in told
        told = (await lacking(cluster, "deployment/front")).message
        assert re.search(
            "0 of 5 replicas are ready, (Pod front-.*: Pending, ErrImagePull .*){3}, and 2 more pods$", told
        )
        absent = await lacking(cluster, "deployment/back")
        assert absent.message == "not ready within 30 s: Deployment back: there is none in namespace default"
        assert absent.hint == "apply Deployment back, or give the namespace that has it"
        await cluster.apply(
            pod("nginx").replace("containers", "nodeSelector: {disk: none}, containers").replace("app", "big")
        )
        assert "Pod big: Pending, Unschedulable 0/2 nodes" in (await lacking(cluster, "pod/big")).message
        with pytest.raises(TimeoutError, match=r"^the condition at .*test_mistakes.py:\d+ did not hold within 5 s"):
            await cluster.until(lambda: False, within_s=5)

    on_a_cluster(story, [kubesim.Image("example/crashes", command=("app",), programs={"app": crashes})])
