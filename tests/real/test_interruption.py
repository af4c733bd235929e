"""Ctrl-C, a second Ctrl-C and kill -9 on a real cluster: nothing stays that `chaos recover` does not remove."""

from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chaos.cluster.client import Cluster
from tests.real.conftest import CONTEXT, command, our_namespaces, wait_for_line

INTERRUPTED, LEFT = 130, 5


@asynccontextmanager
async def under_way(reports: Path, until: str) -> AsyncIterator[Process]:
    """A run that has said a certain thing."""
    process = await asyncio.create_subprocess_exec(
        *command("run", "identity-persistence", "--context", CONTEXT, "--reports", str(reports), "--grace", "5"),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        await wait_for_line(process.stderr, until)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def run_folder(reports: Path) -> Path:
    return next(reports.glob("identity-persistence/*"))


async def recovered(reports: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        *command("recover", "--context", CONTEXT, "--reports", str(reports)), stdout=PIPE, stderr=PIPE
    )
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def test_the_first_ctrl_c_undoes_and_reports(tmp_path: Path, cluster: Cluster) -> None:
    async with under_way(tmp_path, "trial 1") as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = (await process.stderr.read()).decode()
        await process.wait()
    assert process.returncode == INTERRUPTED
    assert "Traceback" not in said
    assert await our_namespaces(cluster) == []
    document = json.loads((run_folder(tmp_path) / "run.json").read_text())
    assert document["status"] == "interrupted"
    assert (run_folder(tmp_path) / "report.md").exists()


async def test_a_run_that_was_killed_is_readable_and_recovered_from_its_journal(
    tmp_path: Path, cluster: Cluster
) -> None:
    async with under_way(tmp_path, "trial 1") as process:
        assert await recovered(tmp_path) == 3  # a run that is alive is left alone
        assert len(await our_namespaces(cluster)) == 1
        process.kill()
        await process.wait()
    assert len(await our_namespaces(cluster)) == 1
    document = json.loads((run_folder(tmp_path) / "run.json").read_text())
    assert document["status"] == "incomplete"
    assert await recovered(tmp_path) == 0
    assert await our_namespaces(cluster) == []
    assert await recovered(tmp_path) == 0  # nothing to undo any more


async def test_the_second_ctrl_c_leaves_at_once_and_recover_finishes(tmp_path: Path, cluster: Cluster) -> None:
    async with under_way(tmp_path, "trial 1") as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        await wait_for_line(process.stderr, "cleaning up")
        process.send_signal(signal.SIGINT)
        await process.wait()
    assert process.returncode == LEFT
    assert await recovered(tmp_path) == 0
    assert await our_namespaces(cluster) == []


async def test_a_namespace_that_does_not_allow_experiments_is_left_alone(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command(
            "run",
            "identity-persistence",
            "--context",
            CONTEXT,
            "-n",
            "default",
            "--allow-default",
            "--reports",
            str(tmp_path),
        ),
        stdout=PIPE,
        stderr=PIPE,
    )
    _, stderr = await process.communicate()
    assert process.returncode == 3
    assert b"does not allow experiments" in stderr
