"""Cluster DNS that is not what kubeadm installs: measured as far as it goes and said so, or refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.engine.execution import RunResult
from chaos.errors import PreflightError
from chaos.experiment import Options, find_experiment
from kubesim import VirtualTimeLoop
from kubesim.store import clone
from tests.sandboxed import run_on

QUICK = Options(trials=1, grace_s=1, period_s=0.1, connect_period_s=1.0, max_qps=None)


def change(sandbox: kubesim.Cluster, kind: str, name: str, fields: dict[str, Any]) -> None:
    """Change an object of kube-system as its owner would."""
    found = sandbox.store.get(kind, "kube-system", name)
    assert found is not None
    sandbox.store.update(kind, {**clone(found), **fields})


def run(tmp_path: Path, options: Options, *changes: tuple[str, str, dict[str, Any]]) -> RunResult:
    async def main() -> RunResult:
        async with kubesim.Cluster(seed=1) as sandbox:
            for kind, name, fields in changes:
                if name:
                    change(sandbox, kind, name, fields)
                else:
                    sandbox.api.registry.create(kind, fields, namespace="kube-system")
            await asyncio.sleep(5)
            return (await run_on(sandbox, tmp_path, options)).result

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main())


def remarks(result: RunResult) -> str:
    return " ".join(result.history.meta.environment.get("remarks", []))


def test_a_server_without_a_corefile_is_measured_and_its_domain_said_to_be_assumed(tmp_path: Path) -> None:
    result = run(tmp_path, QUICK, ("ConfigMap", "coredns", {"data": {"other": "x"}}))
    assert result.error is None
    assert "the domain is taken to be cluster.local" in remarks(result)


def test_a_domain_that_is_not_the_clusters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match=r"kubernetes\.default\.svc\.example\.org") as caught:
        run(tmp_path, Options(cluster_domain="example.org"))
    assert "--cluster-domain" in caught.value.hint


def test_node_local_dns_in_front_is_said(tmp_path: Path) -> None:
    pod = {
        "metadata": {"name": "node-local-dns-x", "labels": {"k8s-app": "node-local-dns"}},
        "spec": {"containers": [{"name": "node-cache", "image": "registry.k8s.io/pause:3.10"}]},
    }
    result = run(tmp_path, QUICK, ("Pod", "", pod))
    assert "NodeLocal DNSCache runs here (1 pods)" in remarks(result)


def service(sandbox_fields: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    return "Service", "kube-dns", sandbox_fields


def test_managed_dns_whose_pods_nobody_sees_is_measured_at_its_address_and_cannot_be_disturbed(tmp_path: Path) -> None:
    """The Service selects nothing; somebody else keeps its endpoints."""

    async def main() -> None:
        async with kubesim.Cluster(seed=1) as sandbox:
            found = sandbox.store.get("Service", "kube-system", "kube-dns")
            assert found is not None
            spec = {key: value for key, value in found["spec"].items() if key != "selector"}
            change(sandbox, *service({"spec": spec}))
            result = (await run_on(sandbox, tmp_path, QUICK)).result
            assert result.error is None
            assert list(result.history.meta.environment["dns_views"]) == ["service"]
            assert "no lower bound but the fault itself, and no experiment can disturb it" in remarks(result)
            with pytest.raises(PreflightError, match="disturbs cluster DNS, whose servers cannot be seen"):
                await run_on(sandbox, tmp_path, Options(), find_experiment("dns-outage"))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


def test_a_dual_stack_cluster_is_measured_over_ipv4(tmp_path: Path) -> None:
    async def spec() -> dict[str, Any]:
        sandbox = kubesim.Cluster(seed=1)
        await sandbox.start()
        found = sandbox.store.get("Service", "kube-system", "kube-dns")
        await sandbox.stop()
        assert found is not None
        return dict(clone(found)["spec"])

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        plain = runner.run(spec())
    result = run(tmp_path, QUICK, service({"spec": {**plain, "ipFamilies": ["IPv4", "IPv6"]}}))
    assert "dual stack" in remarks(result)
    with pytest.raises(PreflightError, match="IPv6 services only"):
        run(tmp_path, QUICK, service({"spec": {**plain, "clusterIP": "fd00::a", "clusterIPs": ["fd00::a"]}}))
