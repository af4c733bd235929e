"""The real kubectl runs commands in simulated containers and reads their logs, over loopback, in real time."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from chaos.sandbox.sandbox import Sandbox
from tests.sandbox.api.test_kubectl import KUBECTL, Kubectl, pytestmark

__all__ = ["KUBECTL", "pytestmark"]
POD = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  containers:
  - {name: main, image: "busybox:1.35", command: [sh, -c, "echo started; sleep 3600"]}
"""


async def test_kubectl_execs_and_reads_logs(tmp_path: Path) -> None:
    sandbox = Sandbox(seed=1, realtime=True, token="secret")
    await sandbox.start()
    try:
        config = tmp_path / "kubeconfig"
        config.write_text(json.dumps(sandbox.kubeconfig()))
        kubectl = Kubectl(config, tmp_path)
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
    finally:
        await sandbox.stop()
