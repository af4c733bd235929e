"""Agents on a real cluster: what they see agrees with what is seen locally, whatever happens to them."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import secrets
import subprocess
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaos.agents.manifests import ALONE_S
from chaos.cluster.client import Cluster
from chaos.cluster.journal import RUN_LABEL
from tests.real.conftest import CONTEXT, command, our_namespaces, wait_for_line

DELETIONS = 20
REALK8S = Path(__file__).parents[3] / "shared" / "realk8s" / "realk8s"
Row = dict[str, str]
Run = Callable[..., tuple[int, dict[str, Any]]]


def recoveries(document: dict[str, Any]) -> list[Row]:
    with (Path(document["folder"]) / "recoveries.csv").open() as file:
        return list(csv.DictReader(file))


def marks(document: dict[str, Any], what: str) -> list[dict[str, Any]]:
    lines = (Path(document["folder"]) / "events.jsonl").read_text().splitlines()
    found = [json.loads(line)["mark"] for line in lines if line.startswith('{"mark"')]
    return [details for _, kind, details in found if kind == what]


def interval(row: Row, name: str) -> tuple[float, float]:
    return float(row[f"{name}_after_s"]), float(row[f"{name}_before_s"])


def test_both_vantages_saw_every_deletion_at_overlapping_times(chaos: Run) -> None:
    """With a clock that is wrong by seconds, runs fast, and is read over the same stream."""
    code, document = chaos(
        *("--vantage", "both", "--trials", str(DELETIONS), "--grace", "1"),
        *("--max-qps", "2000", "--agent-clock", "offset=2.5,drift=2e-4"),
    )
    assert code == 0, document["verdicts"]
    pairs: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    for row in recoveries(document):
        pairs[row["trial"], row["record"], row["view"]][row["vantage"]] = row
    assert len({trial for trial, _, _ in pairs}) == DELETIONS
    for where, rows in pairs.items():
        local, agent = rows["local"], rows["agent-0"]
        assert local["outcome"] == agent["outcome"] == "recovered", where
        for what in ("lost", "recovered"):
            (a, b), (c, d) = interval(local, what), interval(agent, what)
            assert max(a, c) <= min(b, d), (where, what)
    clock = next(v["clock"] for v in document["measurement"]["vantages"] if v["name"] == "agent-0")
    assert abs(clock["drift_ppm"] - 200) < 20 + clock["drift_error_ppm"]
    assert clock["bound_median_ms"] <= 2


@pytest.mark.skipif(not REALK8S.exists(), reason="needs realk8s' laptop namespace")
def test_from_a_laptop_the_verdicts_are_the_same(tmp_path: Path, chaos: Run) -> None:
    _, here = chaos("--vantage", "local", "--trials", "1", "--grace", "1")
    arguments = command("run", "identity-persistence", "--context", CONTEXT, "--reports", str(tmp_path / "laptop"))
    done = subprocess.run(
        [str(REALK8S), "exec", "--as", "laptop", "--", *arguments, "--trials", "1", "--grace", "1", "-o", "json"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    assert there["environment"]["vantage"] == "agents"  # chosen by itself
    verdicts = [{v["checker"]: v["outcome"] for v in document["verdicts"]} for document in (here, there)]
    assert verdicts[0] == verdicts[1]


async def kubectl_delete(cluster: Cluster, pod: dict[str, Any]) -> None:
    meta = pod["metadata"]
    await cluster.delete("Pod", meta["name"], meta["namespace"], grace_s=0)


async def agent_pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    found, _ = await cluster.list("Pod", namespace, "app.kubernetes.io/component=agent")
    return sorted(found, key=lambda pod: pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])


async def started(reports: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *command("run", "identity-persistence", "--context", CONTEXT, "--reports", str(reports), "-o", "json"),
        *arguments,
        stdout=PIPE,
        stderr=PIPE,
    )


async def test_an_agent_that_dies_is_reported_and_the_others_go_on(tmp_path: Path, cluster: Cluster) -> None:
    process = await started(tmp_path, "--agents", "3", "--trials", "2", "--grace", "1")
    assert process.stderr is not None
    await wait_for_line(process.stderr, "trial 1")
    (namespace,) = await our_namespaces(cluster)
    pods = await agent_pods(cluster, namespace)
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 2  # spread over the nodes
    await kubectl_delete(cluster, pods[1])
    out, _ = await process.communicate()
    document = json.loads(out)
    assert process.returncode == 0, document["verdicts"]
    (lost,) = marks(document, "vantage-lost")
    assert lost["vantage"] == "agent-1"
    assert pods[1]["metadata"]["name"] in lost["reason"]
    assert lost["samples"] > 0
    last = [row for row in recoveries(document) if row["trial"] == "2"]
    assert {row["vantage"] for row in last} == {"agent-0", "agent-2"}
    assert "agent-1" in (Path(document["folder"]) / "report.md").read_text()
    assert await our_namespaces(cluster) == []


async def test_a_cut_stream_is_taken_up_again_and_nothing_is_lost_or_doubled(tmp_path: Path, cluster: Cluster) -> None:
    """The bridge inside the pod is killed, so the stream ends while the agent goes on."""
    process = await started(tmp_path, "--agents", "1", "--trials", "2", "--grace", "1")
    assert process.stderr is not None
    await wait_for_line(process.stderr, "trial 1")
    for pid in bridges():
        os.kill(pid, 9)
    out, _ = await process.communicate()
    document = json.loads(out)
    assert process.returncode == 0, document["verdicts"]
    assert len(marks(document, "vantage-gap")) == 1
    assert marks(document, "vantage-lost") == []
    (vantage,) = document["measurement"]["vantages"]
    assert vantage["samples"] >= vantage["dns_queries"] * 0.9


def bridges() -> list[int]:
    """Processes that carry exec streams; the nodes' containers are processes of this machine."""
    folders = [folder for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [int(folder.name) for folder in folders if b"agent.pyz\0attach" in read(folder / "cmdline")]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


async def test_an_image_that_cannot_be_pulled_ends_the_run_with_its_reason(tmp_path: Path, cluster: Cluster) -> None:
    process = await started(tmp_path, "--vantage", "agent", "--image-mirror", "mirror.invalid/hub")
    out, err = await process.communicate()
    assert process.returncode == 3, out
    assert "mirror.invalid/hub/library/python:3.11-slim" in err.decode()
    assert "ErrImagePull" in err.decode() or "ImagePullBackOff" in err.decode()
    assert await our_namespaces(cluster) == []


HOUSE_RULES = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: house}
spec: {hard: {limits.cpu: "4", limits.memory: 2Gi, pods: "12"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: house}
spec: {limits: [{type: Container, default: {cpu: 200m, memory: 128Mi}, defaultRequest: {cpu: 20m, memory: 32Mi}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""


async def test_a_namespace_with_a_quota_limits_and_a_default_deny_policy_can_be_lived_with(
    tmp_path: Path, cluster: Cluster
) -> None:
    """Whether the policies are enforced is not up to us; that ours are made beside them is."""
    async with own_namespace(cluster, HOUSE_RULES) as namespace:
        process = await started(tmp_path, "-n", namespace, "--agents", "2", "--trials", "1", "--grace", "1")
        assert process.stderr is not None
        await wait_for_line(process.stderr, "trial 1")
        policies, _ = await cluster.list("NetworkPolicy", namespace)
        out, _ = await process.communicate()
        assert process.returncode == 0, out
        ours = [policy for policy in policies if policy["metadata"]["name"] != "deny-all"]
        assert {tuple(policy["spec"]["policyTypes"]) for policy in ours} == {("Egress",), ("Ingress",)}
        assert await left_in(cluster, namespace) == []


async def test_agents_whose_runner_is_gone_end_and_take_everything_along(tmp_path: Path, cluster: Cluster) -> None:
    """Kill -9 and nobody to recover: they hear nothing for a minute, and the Job goes a minute after its end."""
    async with own_namespace(cluster) as namespace:
        process = await started(tmp_path, "-n", namespace, "--agents", "2")
        assert process.stderr is not None
        await wait_for_line(process.stderr, "probing from")
        process.kill()
        await process.communicate()
        assert {"Job", "ConfigMap"} <= {kind for kind, _ in await left_in(cluster, namespace)}
        async with asyncio.timeout(2 * (ALONE_S + 60) + 60):
            while any(kind in ("Job", "ConfigMap") for kind, _ in await left_in(cluster, namespace)):
                await asyncio.sleep(2)
        assert await agent_pods(cluster, namespace) == []


@asynccontextmanager
async def own_namespace(cluster: Cluster, rules: str = "") -> AsyncIterator[str]:
    """A namespace of the user's that allows experiments; gone afterwards."""
    name = f"chaos-identity-{secrets.token_hex(3)}"
    labels = {"chaos-identity.io/allowed": "true"}
    await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    try:
        for obj in yaml.safe_load_all(rules):
            await cluster.create({**obj, "metadata": {**obj["metadata"], "namespace": name}})
        yield name
    finally:
        await cluster.delete("Namespace", name)
        async with asyncio.timeout(120):
            while await cluster.get("Namespace", name) is not None:
                await asyncio.sleep(0.5)


async def left_in(cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    """(kind, name) of what a run made."""
    found = []
    for kind in ("Job", "ConfigMap", "NetworkPolicy", "StatefulSet", "Service", "Lease"):
        objects, _ = await cluster.list(kind, namespace, RUN_LABEL)
        found += [(kind, obj["metadata"]["name"]) for obj in objects]
    return found


async def test_an_agent_without_enough_memory_says_so(tmp_path: Path, cluster: Cluster) -> None:
    process = await started(tmp_path, "--vantage", "agent", "--agent-memory", "8Mi")
    _, err = await process.communicate()
    assert process.returncode == 3
    assert "OOMKilled" in err.decode() or "memory" in err.decode()
    assert await our_namespaces(cluster) == []
