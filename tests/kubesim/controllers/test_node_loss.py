"""A node that is cut off: when it is noticed, what becomes of its pods, and what ends it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kubesim.fields.pod_state import condition, is_ready
from kubesim.node_link import NETWORK_ANNOTATION
from kubesim.store import Object, clone
from tests.kubesim.controllers.lab import EXACT, Lab, in_lab

SOON = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    for key in ("unreachable", "not-ready")
]
LOST = "node-2"


def node(lab: Lab) -> Object:
    found = lab.store.get("Node", "", LOST)
    assert found is not None
    return found


def annotate(lab: Lab, value: str | None) -> None:
    new = clone(node(lab))
    new["metadata"].setdefault("annotations", {})[NETWORK_ANNOTATION] = value
    if value is None:
        del new["metadata"]["annotations"][NETWORK_ANNOTATION]
    lab.registry.update("Node", new)


def ready(lab: Lab) -> str:
    row = condition(node(lab), "Ready")
    assert row is not None
    return str(row["status"])


def taints(lab: Lab) -> list[tuple[str, str]]:
    return [(taint["key"], taint["effect"]) for taint in node(lab)["spec"].get("taints", ())]


def on_lost(lab: Lab, kind: str) -> str:
    """The name of a workload's pod on the node that is lost."""
    return next(
        str(pod["metadata"]["name"])
        for pod in lab.store.list("Pod", "default")
        if pod["spec"].get("nodeName") == LOST and pod["metadata"]["labels"]["app"] == kind
    )


async def lose(lab: Lab, **pod: Any) -> str:
    """Two pods, one on each node, and a node that is cut off; the name of the pod there."""
    lab.statefulset(replicas=2, podManagementPolicy="Parallel", pod=pod)
    await asyncio.sleep(10)
    annotate(lab, "down")
    return on_lost(lab, "web")


def test_a_silent_node_is_noticed_after_the_grace_period_and_its_pods_are_unready() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab)
        assert "10.244.2.2" in lab.cut
        await asyncio.sleep(49)
        assert (ready(lab), is_ready(lab.get("Pod", name))) == ("True", True)
        await asyncio.sleep(12)
        assert (ready(lab), is_ready(lab.get("Pod", name))) == ("Unknown", False)
        assert taints(lab) == [
            ("node.kubernetes.io/unreachable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
        ]
        assert lab.get("Pod", name)["status"]["phase"] == "Running"
        assert "deletionTimestamp" not in lab.get("Pod", name)["metadata"]

    in_lab(test, overrides=EXACT)


def test_its_pods_are_deleted_when_their_toleration_is_over_and_stay_terminating() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab)
        await asyncio.sleep(350)
        assert "deletionTimestamp" not in lab.get("Pod", name)["metadata"]
        await asyncio.sleep(20)
        pod = lab.get("Pod", name)
        mark = condition(pod, "DisruptionTarget")
        assert mark is not None
        assert mark["reason"] == "DeletionByTaintManager"
        uid = pod["metadata"]["uid"]
        await asyncio.sleep(1000)
        assert lab.get("Pod", name)["metadata"]["uid"] == uid
        assert not [event for at_s, event, who in lab.log if who == name and event == "SIGTERM"]

    in_lab(test)


def test_a_deployment_replaces_what_a_statefulset_does_not() -> None:
    async def test(lab: Lab) -> None:
        await lose(lab, tolerations=SOON)
        await asyncio.sleep(80)
        assert len(lab.names("Pod")) == 2
        annotate(lab, None)
        await asyncio.sleep(60)
        template = lab.get("StatefulSet", "web")["spec"]["template"]
        spec = clone(template["spec"])
        labels = {"app": "dep"}
        lab.create(
            "Deployment",
            "dep",
            spec={
                "replicas": 2,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        )
        await asyncio.sleep(10)
        annotate(lab, "down")
        await asyncio.sleep(80)
        pods = [pod for pod in lab.store.list("Pod", "default") if pod["metadata"]["labels"]["app"] == "dep"]
        alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        assert (len(pods), len(alive)) == (3, 2)
        assert {pod["spec"]["nodeName"] for pod in alive} == {"node-1"}

    in_lab(test)


def test_the_node_that_is_back_ends_its_pods_and_they_are_replaced() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab, tolerations=SOON)
        await asyncio.sleep(80)
        uid = lab.get("Pod", name)["metadata"]["uid"]
        annotate(lab, None)
        assert lab.cut == set()
        await asyncio.sleep(60)
        assert (ready(lab), taints(lab)) == ("True", [])
        assert lab.get("Pod", name)["metadata"]["uid"] != uid
        assert is_ready(lab.get("Pod", name))
        assert [who for _, event, who in lab.log if event == "SIGTERM"] == [name]
        last = [pod for _, pod in lab.statuses("Pod", name) if pod["metadata"]["uid"] == uid]
        assert any(is_ready(pod) and "deletionTimestamp" in pod["metadata"] for pod in last)

    in_lab(test)


def test_a_forced_deletion_lets_it_be_replaced_while_the_old_container_still_runs() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab, tolerations=SOON)
        await asyncio.sleep(80)
        lab.delete("Pod", name, grace_s=0)
        await asyncio.sleep(10)
        pod = lab.get("Pod", name)
        assert (pod["spec"]["nodeName"], is_ready(pod)) == ("node-1", True)
        assert not [who for _, event, who in lab.log if event == "SIGTERM"]
        annotate(lab, None)
        await asyncio.sleep(60)
        assert [who for _, event, who in lab.log if event == "SIGTERM"] == [name]
        assert is_ready(lab.get("Pod", name))

    in_lab(test)


def test_a_node_that_is_back_in_time_was_never_missed() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab)
        await asyncio.sleep(20)
        annotate(lab, None)
        await asyncio.sleep(200)
        assert (ready(lab), taints(lab)) == ("True", [])
        assert all(is_ready(pod) for at_s, pod in lab.statuses("Pod", name) if at_s > 10)
        annotate(lab, "down")
        await asyncio.sleep(70)
        assert ready(lab) == "Unknown"

    in_lab(test)


def test_a_pod_that_is_back_before_its_eviction_is_ready_again_and_stays() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab)
        uid = lab.get("Pod", name)["metadata"]["uid"]
        await asyncio.sleep(100)
        annotate(lab, None)
        await asyncio.sleep(500)
        pod = lab.get("Pod", name)
        assert (pod["metadata"]["uid"], is_ready(pod)) == (uid, True)
        assert any("Cancelling deletion" in event for event in lab.events(name))

    in_lab(test)


def test_nothing_is_evicted_where_no_node_is_left() -> None:
    async def test(lab: Lab) -> None:
        name = await lose(lab)
        other = clone(lab.store.get("Node", "", "node-1"))
        other["metadata"]["annotations"] = {NETWORK_ANNOTATION: "down"}
        lab.registry.update("Node", other)
        await asyncio.sleep(600)
        assert (ready(lab), taints(lab)) == ("Unknown", [("node.kubernetes.io/unreachable", "NoSchedule")])
        assert "deletionTimestamp" not in lab.get("Pod", name)["metadata"]

    in_lab(test)


@pytest.mark.parametrize("tolerates", [False, True])
def test_pods_are_scheduled_to_a_cordoned_node_only_where_they_tolerate_its_taint(tolerates: bool) -> None:
    async def test(lab: Lab) -> None:
        new = clone(node(lab))
        new["spec"]["taints"] = [{"key": "only", "value": "special", "effect": "NoSchedule"}]
        lab.registry.update("Node", new)
        rows = [{"key": "only", "operator": "Equal", "value": "special"}] if tolerates else []
        lab.statefulset(replicas=2, podManagementPolicy="Parallel", pod={"tolerations": rows})
        await asyncio.sleep(10)
        used = {pod["spec"]["nodeName"] for pod in lab.store.list("Pod", "default")}
        assert used == ({"node-1", "node-2"} if tolerates else {"node-1"})

    in_lab(test)
