"""A Redis Cluster on a real cluster: it forms by name, survives its masters' deletion, and finds itself again."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

from chaos.cluster import Cluster
from tests.real.conftest import CONTEXT, RUN_TIMEOUT_S, command, our_namespaces


def _run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*args), capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False)


async def test_six_members_form_a_cluster_by_name_and_keep_it(tmp_path: Path, cluster: Cluster) -> None:
    args = ("run", "cache-cluster", "--context", CONTEXT, "--reports", str(tmp_path), "-o", "json")
    done = await asyncio.to_thread(_run, *args)
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    outcomes = {verdict["checker"]: verdict["outcome"] for verdict in document["verdicts"]}
    assert outcomes == dict.fromkeys(outcomes, "ok")
    assert done.returncode == 0
    assert all(not row["answer"].startswith("This run cannot say") for row in document["questions"])
    assert await our_namespaces(cluster) == []
