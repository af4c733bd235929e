"""`chaos cleanup` on a real cluster: what a killed run left goes, by its label alone or with its journal at hand.

Somebody else's runs may be at work in the same cluster; they are left alone, and the exit code is about them too.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.cluster.client import Cluster
from chaos.cluster.journal import JOURNAL, RUN_LABEL, Journal
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.lease import DURATION_S
from tests.real.conftest import CONTEXT, RUN_TIMEOUT_S, command, wait_for_line

_KINDS = ("Namespace", "StatefulSet", "Service", "Pod", "PersistentVolumeClaim", "PersistentVolume", "Lease", "Job")


async def killed(reports: Path, *arguments: str) -> str:
    """A run that was killed in its first trial; returns its id."""
    process = await asyncio.create_subprocess_exec(
        *command("run", "identity-persistence", "--context", CONTEXT, "--reports", str(reports), *arguments),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        await wait_for_line(process.stderr, "trial 1")
    finally:
        process.kill()
        await process.communicate()
    path = next(reports.rglob(JOURNAL))  # noqa: ASYNC240 - one small folder
    return str(Journal.load(path).run["id"])


async def cleanup(reports: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command("cleanup", "--context", CONTEXT, "--reports", str(reports), *arguments),
        stdin=subprocess.DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(RUN_TIMEOUT_S):
        _, said = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in said, said.decode()
    return process.returncode, said.decode()


async def left(cluster: Cluster, run: str) -> list[str]:
    found = []
    for kind in _KINDS:
        rows, _ = await cluster.list(kind, "", f"{RUN_LABEL}={run}")
        found += [f"{kind} {row['metadata']['name']}" for row in rows]
    return found


@pytest.fixture
def own_namespace() -> Iterator[str]:
    """A user's, in which experiments are allowed."""
    name = f"cleanup-{secrets.token_hex(3)}"
    kubectl = ["kubectl", "--context", CONTEXT]
    subprocess.run([*kubectl, "create", "namespace", name], check=True, timeout=60)
    subprocess.run([*kubectl, "label", "namespace", name, f"{OPT_IN_LABEL}=true"], check=True, timeout=60)
    yield name
    subprocess.run([*kubectl, "delete", "namespace", name, "--wait=false"], check=True, timeout=60)


async def test_what_a_killed_run_left_is_shown_and_removed(tmp_path: Path, cluster: Cluster) -> None:
    run = await killed(tmp_path)
    code, said = await cleanup(tmp_path)
    assert code == 5
    assert f"run {run}, over: its journal says so" in said
    assert "nobody can be asked here" in said
    assert await left(cluster, run) != []
    code, said = await cleanup(tmp_path, "--yes")
    assert code == (5 if "left: run" in said else 0), said
    assert await left(cluster, run) == []


async def test_without_its_journal_a_young_run_is_removed_only_by_name_and_the_users_namespace_stays(
    tmp_path: Path, cluster: Cluster, own_namespace: str
) -> None:
    run = await killed(tmp_path / "there", "-n", own_namespace)
    here = tmp_path / "here"
    code, said = await cleanup(here, "--yes")
    assert f"run {run}, under way: its Lease is renewed" in said
    await asyncio.sleep(DURATION_S + 5)  # the Lease is the API server's, so this is real time
    code, said = await cleanup(here, "--yes")
    assert code == 5
    assert "if it is over: chaos cleanup" in said
    assert f"--run {run}" in said
    assert await left(cluster, run) != []
    await cleanup(here, "--yes", "--run", run)
    assert await left(cluster, run) == []
    kept = await cluster.get("Namespace", own_namespace)
    assert kept is not None
    assert "deletionTimestamp" not in kept["metadata"]
