"""A node of a real cluster that is cut off: found, measured, and joined again even by those who come after a kill -9.

`CHAOS_TEST_CUT_NODE` and `CHAOS_TEST_JOIN_NODE` are the commands, with {node}; without them this is skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from chaos.cluster.client import Cluster
from tests.real.conftest import CONTEXT, RUN_TIMEOUT_S, command, our_namespaces, wait_for_line

CUT, JOIN = os.environ.get("CHAOS_TEST_CUT_NODE", ""), os.environ.get("CHAOS_TEST_JOIN_NODE", "")
ARGUMENTS = ("node-loss", "--context", CONTEXT, "--allow-nodes", "--cut-node", CUT, "--join-node", JOIN)
pytestmark = pytest.mark.skipif(not CUT, reason="no command that cuts a node off: CHAOS_TEST_CUT_NODE")


def test_a_node_that_is_gone_is_measured_and_joined_again(tmp_path: Path) -> None:
    done = subprocess.run(
        command("run", *ARGUMENTS, "--reports", str(tmp_path), "-o", "json"),
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
        check=False,
    )
    assert done.stdout, done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert done.returncode == 0, verdicts
    assert {verdict["outcome"] for verdict in verdicts} == {"ok"}


async def test_after_a_kill_recover_joins_the_node_before_it_cleans_up(tmp_path: Path, cluster: Cluster) -> None:
    process = await asyncio.create_subprocess_exec(
        *command("run", *ARGUMENTS, "--reports", str(tmp_path)), stdout=PIPE, stderr=PIPE
    )
    assert process.stderr is not None
    await wait_for_line(process.stderr, "trial 1: cut-node")
    await asyncio.sleep(3)
    process.kill()
    await process.communicate()
    recover = await asyncio.create_subprocess_exec(
        *command("recover", "--context", CONTEXT, "--reports", str(tmp_path), "--run-commands"),
        stdout=PIPE,
        stderr=PIPE,
    )
    _, said = await recover.communicate()
    assert recover.returncode == 0, said.decode()
    assert b"cleaned up: ran `" in said
    assert said.index(b"ran `") < said.index(b"deleted Namespace")
    assert await our_namespaces(cluster) == []
