"""Garbage collection, namespaces, scheduling, and errors that must not be lost."""

from __future__ import annotations

import asyncio

import pytest

from kubesim.controllers.naming import revision_hash
from kubesim.controllers.statefulset import StatefulSetController
from kubesim.store import Object, StoreError
from tests.kubesim.controllers.lab import Lab, in_lab, workload_spec


def make_pod(lab: Lab, name: str = "p", **spec: object) -> Object:
    return lab.create("Pod", name, spec={"containers": [{"name": "main", "image": "polite"}], **spec})


def test_deleting_an_owner_in_the_background_takes_its_dependents_with_it() -> None:
    async def test(lab: Lab) -> None:
        lab.create("Deployment", "dep", spec=workload_spec("dep", replicas=2))
        await asyncio.sleep(5)
        lab.delete("Deployment", "dep")
        assert lab.names("Deployment") == []
        await asyncio.sleep(5)
        assert lab.names("ReplicaSet") == lab.names("Pod") == []

    in_lab(test)


def test_deleting_an_owner_in_the_foreground_removes_it_last() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=2)
        await asyncio.sleep(5)
        lab.delete("StatefulSet", "web", propagation="Foreground")
        assert lab.names("StatefulSet") == ["web"]
        await asyncio.sleep(10)
        gone = [c.object["metadata"]["name"] for _, c in lab.commits
                if c.type == "DELETED" and c.kind in ("Pod", "StatefulSet")]  # fmt: skip
        assert gone[-1] == "web"
        assert sorted(gone) == ["web", "web-0", "web-1"]

    in_lab(test)


def test_an_object_with_another_living_owner_only_loses_the_reference() -> None:
    async def test(lab: Lab) -> None:
        owners = [lab.create("ConfigMap", name, data={}) for name in ("a", "b")]
        refs = [{"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"]}
                for o in owners]  # fmt: skip
        meta = {"name": "child", "namespace": "default", "ownerReferences": refs}
        lab.registry.create("ConfigMap", {"metadata": meta, "data": {}})
        lab.delete("ConfigMap", "a")
        await asyncio.sleep(1)
        assert [r["name"] for r in lab.get("ConfigMap", "child")["metadata"]["ownerReferences"]] == ["b"]
        lab.delete("ConfigMap", "b")
        await asyncio.sleep(1)
        assert "child" not in lab.names("ConfigMap")

    in_lab(test)


def test_an_owner_of_a_kind_that_nobody_serves_is_never_taken_for_gone() -> None:
    """As an operator's resource whose definition is missing; seen on realk8s."""

    async def test(lab: Lab) -> None:
        for name, kind, api_version in (("kept", "Database", "example.com/v1"), ("gone", "ConfigMap", "v1")):
            owner = {"apiVersion": api_version, "kind": kind, "name": "shop", "uid": "1"}
            lab.registry.create("ConfigMap", {"metadata": {"name": name, "ownerReferences": [owner]}})
        await asyncio.sleep(15)
        assert "kept" in lab.names("ConfigMap")
        assert "gone" not in lab.names("ConfigMap")

    in_lab(test)


def test_a_terminating_namespace_lets_pods_end_gracefully_and_takes_no_new_ones() -> None:
    async def test(lab: Lab) -> None:
        lab.registry.create("Namespace", {"metadata": {"name": "mine"}})
        meta = {"name": "web", "namespace": "mine"}
        spec = workload_spec("web", replicas=2, image="stubborn", serviceName="web")
        lab.registry.create("StatefulSet", {"metadata": meta, "spec": spec})
        await asyncio.sleep(5)
        lab.delete("Namespace", "mine")
        await asyncio.sleep(20)
        assert [p["metadata"]["name"] for p in lab.store.list("Pod", "mine")] == ["web-0", "web-1"]
        with pytest.raises(StoreError, match="being terminated"):
            lab.registry.create("ConfigMap", {"metadata": {"name": "late", "namespace": "mine"}})
        await asyncio.sleep(15)
        assert lab.store.get("Namespace", "", "mine") is None
        assert not [k for k in ("Pod", "Event", "ConfigMap", "StatefulSet") if lab.store.list(k, "mine")]
        assert not lab.hosts

    in_lab(test)


def test_every_namespace_gets_the_root_ca_config_map_again_when_it_is_created() -> None:
    async def test(lab: Lab) -> None:
        lab.registry.create("Namespace", {"metadata": {"name": "mine"}})
        await asyncio.sleep(1)
        assert lab.store.get("ConfigMap", "mine", "kube-root-ca.crt") is not None

    in_lab(test)


def test_pods_of_one_set_are_spread_over_both_nodes() -> None:
    async def test(lab: Lab) -> None:
        lab.statefulset(replicas=4, podManagementPolicy="Parallel")
        await asyncio.sleep(5)
        nodes = [p["spec"]["nodeName"] for p in lab.store.list("Pod", "default")]
        assert sorted(nodes) == ["node-1", "node-1", "node-2", "node-2"]

    in_lab(test)


def test_a_pod_that_fits_nowhere_says_why_and_is_scheduled_when_a_node_fits() -> None:
    async def test(lab: Lab) -> None:
        make_pod(lab, nodeSelector={"disk": "ssd"})
        await asyncio.sleep(1)
        (row,) = lab.get("Pod", "p")["status"]["conditions"]
        assert (row["type"], row["status"], row["reason"]) == ("PodScheduled", "False", "Unschedulable")
        assert row["message"].startswith(
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
        )
        node = lab.store.get("Node", "", "node-2")
        assert node is not None
        labels = {**node["metadata"]["labels"], "disk": "ssd"}
        lab.store.update("Node", {**node, "metadata": {**node["metadata"], "labels": labels}})
        await asyncio.sleep(5)
        assert lab.get("Pod", "p")["spec"]["nodeName"] == "node-2"
        assert lab.get("Pod", "p")["status"]["phase"] == "Running"

    in_lab(test)


def test_an_error_in_a_controller_is_kept_and_ends_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: StatefulSetController, name: tuple[str, str]) -> None:
        raise ZeroDivisionError(name[1])

    monkeypatch.setattr(StatefulSetController, "reconcile", broken)

    async def test(lab: Lab) -> None:
        lab.statefulset()
        await asyncio.sleep(5)
        assert isinstance(lab.tasks.error, ZeroDivisionError)

    with pytest.raises(ZeroDivisionError, match="web"):
        in_lab(test)


def test_revisions_are_named_exactly_as_a_real_cluster_named_the_same_template() -> None:
    """The unit's manifest, applied to Kubernetes 1.34.4, gave web-7fcf898f85."""
    container = {
        "name": "nginx",
        "image": "nginx:alpine",
        "command": ["/bin/sh"],
        "args": ["-c", "echo 'Hello from '$(hostname) > /usr/share/nginx/html/index.html && nginx -g 'daemon off;'"],
        "ports": [{"containerPort": 80, "name": "web"}],
    }

    async def test(lab: Lab) -> None:
        labels = {"app": "web-stateful"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"serviceName": "web", "replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        lab.create("StatefulSet", "web", spec=spec)
        await asyncio.sleep(1)
        assert lab.get("StatefulSet", "web")["status"]["updateRevision"] == "web-7fcf898f85"

    in_lab(test)
    assert revision_hash({}) != revision_hash({}, 1)
