"""The real kubectl runs commands in simulated containers and reads their logs, over loopback, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubesim.cluster import Cluster
from tests.kubesim.api.test_kubectl import KUBECTL, Kubectl, pytestmark

__all__ = ["KUBECTL", "pytestmark"]
POD = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  containers:
  - {name: main, image: "busybox:1.35", command: [sh, -c, "echo started; sleep 3600"]}
"""


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    async with Cluster(seed=1, realtime=True, token="secret") as sandbox:
        config = sandbox.write_kubeconfig(tmp_path / "kubeconfig")
        yield Kubectl(config, tmp_path)


async def test_kubectl_execs_and_reads_logs(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", stdin=POD)
    await kubectl("wait", "--for=condition=Ready", "pod/box", "--timeout=20s")
    assert await kubectl("exec", "box", "--", "cat", "/etc/hostname") == "box\n"
    said = await kubectl("exec", "box", "--", "nslookup", "kubernetes.default.svc.cluster.local")
    assert "Name:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n" in said
    failed = await kubectl("exec", "box", "--", "sh", "-c", "echo no >&2; exit 5", code=5)
    assert failed == "no\ncommand terminated with exit code 5\n"
    assert "executable file not found in $PATH" in await kubectl("exec", "box", "--", "bash", code=1)
    assert await kubectl("exec", "-i", "box", "--", "sh", stdin="echo a\nhostname\n") == "a\nbox\n"
    assert await kubectl("logs", "box") == "started\n"
    following = asyncio.create_task(kubectl("logs", "-f", "box"))
    await asyncio.sleep(0.3)
    await kubectl("delete", "pod", "box", "--grace-period=1")
    assert await following == "started\n"


async def test_what_needs_a_terminal_is_refused_and_the_form_that_works_is_named(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", stdin=POD)
    await kubectl("wait", "--for=condition=Ready", "pod/box", "--timeout=20s")
    refused = await kubectl("exec", "-it", "box", "--", "sh", terminal=True, code=1)
    assert "error: the sandbox has no terminal to type at: name the command, as in `kubectl exec box --" in refused
    assert await kubectl("exec", "-it", "box", "--", "hostname", terminal=True) == "box\n"
    refused = await kubectl("port-forward", "pod/box", "18080:80", code=1)
    assert "ask from inside, as in `kubectl exec box -- wget -qO- http://localhost:PORT`" in refused
    run = ("run", "tmp", "--rm", "-it", "--restart=Never", "--image=busybox:1.35", "--")
    said = await kubectl(*run, "sh", terminal=True, code=1)
    assert "warning: couldn't attach to pod/tmp" in said
    assert "`kubectl run NAME --image=IMAGE --restart=Never -- COMMAND`, then `kubectl logs NAME`" in said
    assert "pod default/tmp terminated (Error)" in said
