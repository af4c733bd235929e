"""A strange object, though the API accepts it, stops nobody but itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from kubesim.controllers.endpointslice import EndpointSliceController
from kubesim.kubelet.worker import PodWorker
from kubesim.store import Object, clone
from tests.kubesim.unit_web import UnitWeb, in_unit_web

NGINX: Object = {"name": "nginx", "image": "nginx:alpine", "imagePullPolicy": "IfNotPresent"}


def create(lab: UnitWeb, kind: str, name: str, **fields: Any) -> None:
    meta = {"name": name} if kind == "Node" else {"name": name, "namespace": "default"}
    lab.sandbox.api.registry.create(kind, {"metadata": meta, **fields})


def edit(lab: UnitWeb, kind: str, name: str, namespace: str, change: Callable[[Object], None]) -> None:
    obj = clone(lab.get(kind, name, namespace))
    change(obj)
    lab.sandbox.api.registry.update(kind, obj)


def stateful_set(lab: UnitWeb, **spec: Any) -> None:
    labels = {"app": "strange"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [NGINX]}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **spec}
    create(lab, "StatefulSet", "strange", spec=spec)


def slice_of(lab: UnitWeb, service: str) -> str:
    (name,) = [s["metadata"]["name"] for s in lab.store.list("EndpointSlice", "default") if service in str(s)]
    return str(name)


async def set_without_service_name(lab: UnitWeb) -> None:
    stateful_set(lab)
    await asyncio.sleep(5)
    spec = lab.get("Pod", "strange-0")["spec"]
    assert (spec["hostname"], spec.get("subdomain")) == ("strange-0", None)


async def pod_on_the_host_network(lab: UnitWeb) -> None:
    create(lab, "Pod", "strange", spec={"hostNetwork": True, "nodeName": "node-1", "containers": [NGINX]})
    await asyncio.sleep(5)
    pod = lab.get("Pod", "strange")
    assert (pod["status"]["podIP"], pod["status"]["containerStatuses"][0]["ready"]) == ("172.30.0.11", True)


async def two_containers_on_one_port(lab: UnitWeb) -> None:
    create(lab, "Pod", "strange", spec={"containers": [{**NGINX, "name": "a"}, {**NGINX, "name": "b"}]})
    await asyncio.sleep(5)
    first, second = lab.get("Pod", "strange")["status"]["containerStatuses"]
    assert (first["ready"], second["ready"]) == (True, False)
    assert second["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert second["lastState"]["terminated"]["exitCode"] == 1
    assert "Address already in use" in second["lastState"]["terminated"]["message"]


async def claim_template_without_a_name(lab: UnitWeb) -> None:
    stateful_set(lab, serviceName="strange", replicas=0)
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}
    obj = clone(lab.get("StatefulSet", "strange"))
    obj["spec"] |= {"replicas": 1, "volumeClaimTemplates": [template]}
    lab.store.update("StatefulSet", obj)  # a real API server refuses it; controllers need not rely on that


async def node_without_status(lab: UnitWeb) -> None:
    create(lab, "Node", "strange")


async def slice_without_labels(lab: UnitWeb) -> None:
    lab.deploy()
    await asyncio.sleep(5)
    edit(lab, "EndpointSlice", slice_of(lab, "only-web-1"), "default", lambda s: s["metadata"].pop("labels"))
    lab.sandbox.delete("Pod", "web-1", grace_s=0)


async def endpoint_without_target(lab: UnitWeb) -> None:
    lab.deploy()
    await asyncio.sleep(5)
    name = slice_of(lab, "only-web-1")
    edit(lab, "EndpointSlice", name, "default", lambda s: s.update(endpoints=[{"addresses": ["10.0.0.1"]}]))
    lab.sandbox.delete("Pod", "web-1", grace_s=0)
    await asyncio.sleep(5)
    assert [e["targetRef"]["name"] for e in lab.get("EndpointSlice", name)["endpoints"]] == ["web-1"]


async def node_without_labels(lab: UnitWeb) -> None:
    edit(lab, "Node", "node-1", "", lambda n: n["metadata"].pop("labels"))


async def coredns_without_corefile(lab: UnitWeb) -> None:
    edit(lab, "ConfigMap", "coredns", "kube-system", lambda c: c.pop("data"))
    victim = lab.store.list("Pod", "kube-system")[0]["metadata"]["name"]
    lab.sandbox.delete("Pod", victim, namespace="kube-system", grace_s=0)
    await asyncio.sleep(5)
    (event,) = [e for e in lab.store.list("Event", "kube-system") if e["reason"] == "FailedMount"]
    assert event["message"].endswith("configmap references non-existent config key: Corefile")


async def conditions_without_anything(lab: UnitWeb) -> None:
    node = clone(lab.get("Node", "node-1", ""))
    node["status"]["conditions"] = [{}, {"type": "Ready"}]
    lab.sandbox.api.registry.update("Node", node, subresource="status")
    lab.deploy(replicas=1)
    await asyncio.sleep(5)
    assert lab.get("Pod", "web-0")["spec"]["nodeName"] == "node-2"


async def revision_that_is_no_number(lab: UnitWeb) -> None:
    name = lab.store.list("ReplicaSet", "kube-system")[0]["metadata"]["name"]
    key = "deployment.kubernetes.io/revision"
    edit(lab, "ReplicaSet", name, "kube-system", lambda s: s["metadata"]["annotations"].update({key: "x"}))
    await asyncio.sleep(5)
    assert lab.get("ReplicaSet", name, "kube-system")["metadata"]["annotations"][key] == "1"


async def owner_that_is_no_longer_the_controller(lab: UnitWeb) -> None:
    lab.deploy(replicas=1)
    await asyncio.sleep(5)
    edit(lab, "Pod", "web-0", "default", lambda p: p["metadata"]["ownerReferences"][0].pop("controller"))
    await asyncio.sleep(5)
    (reference,) = lab.get("Pod", "web-0")["metadata"]["ownerReferences"]
    assert reference["controller"]


@pytest.mark.parametrize(
    "strangeness",
    [
        set_without_service_name,
        pod_on_the_host_network,
        two_containers_on_one_port,
        claim_template_without_a_name,
        node_without_status,
        slice_without_labels,
        endpoint_without_target,
        node_without_labels,
        coredns_without_corefile,
        conditions_without_anything,
        revision_that_is_no_number,
        owner_that_is_no_longer_the_controller,
    ],
)
def test_a_strange_object_stops_nobody_but_itself(strangeness: Callable[[UnitWeb], Awaitable[None]]) -> None:
    async def test(lab: UnitWeb) -> None:
        await strangeness(lab)
        await asyncio.sleep(5)
        create(lab, "Service", "witness", spec={"selector": {"app": "witness"}, "ports": [{"port": 80}]})
        pod = {"labels": {"app": "witness"}, "name": "witness", "namespace": "default"}
        lab.sandbox.api.registry.create("Pod", {"metadata": pod, "spec": {"containers": [NGINX]}})
        await asyncio.sleep(5)
        (endpoint,) = lab.get("EndpointSlice", slice_of(lab, "witness"))["endpoints"]
        assert endpoint["conditions"]["ready"]

    in_unit_web(test)


def test_a_lenient_sandbox_logs_a_controllers_error_and_tries_again(
    monkeypatch: pytest.MonkeyPatch, logged: list[logging.LogRecord]
) -> None:
    reconcile = EndpointSliceController.reconcile
    attempts_s: list[float] = []

    async def test(lab: UnitWeb) -> None:
        def broken_at_first(self: EndpointSliceController, name: tuple[str, str]) -> None:
            if name[1] == "web":
                attempts_s.append(lab.now_s())
                if len(attempts_s) <= 2:
                    raise ZeroDivisionError
            reconcile(self, name)

        monkeypatch.setattr(EndpointSliceController, "reconcile", broken_at_first)
        lab.deploy(replicas=0)
        await asyncio.sleep(1)
        assert lab.sandbox.failure() is None
        assert slice_of(lab, "'web'")

    in_unit_web(test, strict=False, overrides={"endpointslice_sync": (0.01, 0.01)})
    first, second, third = attempts_s
    assert [second - first, third - second] == pytest.approx([0.015, 0.020])
    lines = [record.getMessage() for record in logged]
    assert len(lines) == 2
    assert lines[0].startswith("the sandbox goes on after an error: ZeroDivisionError()")
    assert lines[0].endswith("EndpointSliceController was at default/web")


def test_in_a_lenient_sandbox_a_failing_worker_is_tried_again_and_other_pods_live_on(
    monkeypatch: pytest.MonkeyPatch, logged: list[logging.LogRecord]
) -> None:
    run = PodWorker.run
    failed_s: list[float] = []

    async def test(lab: UnitWeb) -> None:
        async def broken_at_first(self: PodWorker) -> None:
            if self.name == "web-1" and not failed_s:
                failed_s.append(lab.now_s())
                raise ZeroDivisionError
            await run(self)

        monkeypatch.setattr(PodWorker, "run", broken_at_first)
        lab.deploy(replicas=3)
        await asyncio.sleep(20)
        assert lab.pod_step("web-1", "ready", 0.0) > failed_s[0] + 10
        assert lab.pod_step("web-2", "ready", 0.0)
        lab.sandbox.delete("Pod", "web-1", grace_s=1)
        await asyncio.sleep(10)
        assert lab.get("Pod", "web-1")["status"]["phase"] == "Running"

    in_unit_web(test, strict=False)
    (line,) = [record.getMessage() for record in logged]
    assert "was at default/web-1" in line


def test_a_worker_that_fails_halfway_gives_its_address_back_and_kills_what_runs(
    monkeypatch: pytest.MonkeyPatch, logged: list[logging.LogRecord]
) -> None:
    tend = PodWorker._tend
    addresses: list[str] = []

    async def test(lab: UnitWeb) -> None:
        async def broken_at_first(self: PodWorker) -> None:
            if self.name == "web-0" and not addresses:
                with suppress(TimeoutError):
                    async with asyncio.timeout(3):
                        await tend(self)
                addresses.append(lab.get("Pod", "web-0")["status"]["podIP"])
                raise ZeroDivisionError
            await tend(self)

        monkeypatch.setattr(PodWorker, "_tend", broken_at_first)
        lab.deploy(replicas=1)
        await asyncio.sleep(20)
        assert lab.ceased_s(addresses[0])
        pod = lab.get("Pod", "web-0")
        assert pod["status"]["phase"] == "Running"
        assert pod["status"]["podIP"] != addresses[0]

    in_unit_web(test, strict=False)
    assert len(logged) == 1
