"""Guards and the dry run on a real cluster."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import CONTEXT, command, kubectl, made_namespace, wait_for_line

ABORTED = 4
# What a cluster changes by itself all the time.
PASSING = {"events", "events.events.k8s.io", "leases.coordination.k8s.io", "endpointslices.discovery.k8s.io"}
BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep}
spec: {minAvailable: 3, selector: {}}
"""


@pytest.fixture
def namespace() -> Iterator[str]:
    with made_namespace("guards") as name:
        yield name


def allow(namespace: str, *how: str) -> int:
    done = subprocess.run(
        command("allow", "-n", namespace, "--context", CONTEXT, *how), capture_output=True, text=True, check=False
    )
    return done.returncode


async def ended(reports: Path, namespace: str, then: tuple[str, ...], given: str = "") -> tuple[int, dict[str, Any]]:
    """A run in that namespace; after its first fault kubectl is called."""
    process = await asyncio.create_subprocess_exec(
        *command("run", "identity-persistence", "--context", CONTEXT, "-n", namespace, "--grace", "1"),
        *("--reports", str(reports), "-o", "json"),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stderr is not None
    await wait_for_line(process.stderr, "trial 1")
    await asyncio.to_thread(kubectl, *then, given=given)
    out, said = await process.communicate()
    assert process.returncode is not None, said
    left = json.loads(kubectl("get", "statefulsets,services,leases,configmaps", "-n", namespace, "-o", "json"))["items"]
    assert [o["metadata"]["name"] for o in left] == ["kube-root-ca.crt"]
    return process.returncode, json.loads(out)


async def test_consent_that_is_taken_back_in_the_middle_ends_the_run(tmp_path: Path, namespace: str) -> None:
    assert allow(namespace, "--for", "1h") == 0
    revoke = ("label", "namespace", namespace, "chaos-identity.io/allowed-", "--overwrite")
    code, document = await ended(tmp_path, namespace, revoke)
    assert (code, document["outcome"]) == (ABORTED, "aborted")
    assert "does not allow experiments any more" in document["measurement"]["ended_early"]


async def test_a_budget_that_somebody_makes_in_the_middle_is_kept(tmp_path: Path, namespace: str) -> None:
    assert allow(namespace, "--until-revoked") == 0
    code, document = await ended(tmp_path, namespace, ("apply", "-n", namespace, "-f", "-"), given=BUDGET)
    assert (code, document["outcome"]) == (ABORTED, "aborted")
    assert "PodDisruptionBudget keep allows 0 of web-1" in document["measurement"]["ended_early"]


def test_a_namespace_of_kubernetes_itself_is_refused_whatever_its_labels(tmp_path: Path) -> None:
    assert allow("kube-public", "--until-revoked") == 3
    done = subprocess.run(
        command("run", "identity-persistence", "--context", CONTEXT, "-n", "kube-public", "--reports", str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "belongs to Kubernetes itself" in done.stderr


def settle() -> None:
    """Wait until what other tests left is gone: it goes by itself, and not by a dry run."""
    for _ in range(120):
        found = json.loads(kubectl("get", "namespaces,persistentvolumes", "-o", "json"))["items"]
        going = [o for o in found if o["status"].get("phase") in ("Terminating", "Released")]
        if not going and not any("deletionTimestamp" in o["metadata"] for o in found):
            return
        time.sleep(1)
    raise AssertionError(f"still there: {[o['metadata']['name'] for o in going]}")


def everything() -> dict[str, Any]:
    """All objects of the cluster that may be listed, with what may not change."""
    kinds = [
        kind
        for flag in ("true", "false")
        for kind in kubectl("api-resources", "--verbs=list", f"--namespaced={flag}", "-o", "name").split()
        if kind not in PASSING
    ]
    found = json.loads(kubectl("get", ",".join(dict.fromkeys(kinds)), "-A", "-o", "json"))["items"]
    objects = {}
    for obj in found:
        meta = {key: value for key, value in obj["metadata"].items() if key not in ("resourceVersion", "managedFields")}
        kept = {key: value for key, value in obj.items() if key not in ("status", "metadata")}
        objects[f"{obj['kind']} {meta.get('namespace', '')} {meta['name']}"] = {**kept, "metadata": meta}
    return objects


@pytest.mark.parametrize(
    ("experiment", "given"),
    [
        ("identity-persistence", ("--agents", "1")),
        ("node-drain", ("--allow-nodes",)),
        ("dns-degraded", ("--allow-kube-system",)),
    ],
)
def test_a_dry_run_changes_nothing(experiment: str, given: tuple[str, ...]) -> None:
    settle()
    before = everything()
    done = subprocess.run(
        command("plan", experiment, "--context", CONTEXT, *given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["would_be_refused"] == []
    assert any(call["server"]["said"] == "accepted" for call in plan["calls"])
    assert everything() == before
