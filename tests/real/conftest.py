"""Tests on a real cluster: `CHAOS_TEST_CONTEXT=NAME make real`, from a place that reaches pods and cluster DNS."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect

CONTEXT = os.environ.get("CHAOS_TEST_CONTEXT", "")
RUN_TIMEOUT_S = 300
# Its container serves until the grace period is over.
SLOW_TO_END = str(Path(__file__).parent / "experiments" / "slow_to_end.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as real, and skip it where no cluster is named."""
    skip = pytest.mark.skip(reason="no real cluster: name its kubeconfig context in CHAOS_TEST_CONTEXT")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)
            if not CONTEXT:
                item.add_marker(skip)


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "chaos", *args]


def kubectl(*arguments: str, given: str = "") -> str:
    """What it says; it must succeed."""
    done = subprocess.run(
        ["kubectl", "--context", CONTEXT, *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def made_namespace(prefix: str) -> Iterator[str]:
    """A namespace of a test's own, which goes after it."""
    name = f"{prefix}-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def chaos(tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run the tool as a user does; returns exit code and the JSON document on stdout."""

    def run(*args: str, experiment: str = "identity-persistence") -> tuple[int, dict[str, Any]]:
        done = subprocess.run(
            command("run", experiment, "--context", CONTEXT, "--reports", str(tmp_path), "-o", "json", *args),
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    connected = await connect(ClusterAddress(context=CONTEXT))
    yield connected
    await connected.close()


async def our_namespaces(cluster: Cluster) -> list[str]:
    """What the tool has left behind."""
    found, _ = await cluster.list("Namespace")
    return [n["metadata"]["name"] for n in found if n["metadata"]["name"].startswith("chaos-identity-")]


async def wait_for_line(stream: asyncio.StreamReader, text: str) -> str:
    """Read lines until one contains a text; returns everything read."""
    seen = ""
    async with asyncio.timeout(RUN_TIMEOUT_S):
        while text not in seen:
            line = await stream.readline()
            assert line, f"it ended without saying {text!r}:\n{seen}"
            seen += line.decode()
    return seen
