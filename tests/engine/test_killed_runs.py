"""A run that is killed before it undoes anything: its journal, read back as anybody's file, is enough."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock, run_virtual
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, RUN_LABEL, Journal
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.experiment import Options, find_experiment
from chaos.sandbox.sandbox import Sandbox
from tests.sandboxed import run_on

KINDS = (
    "Namespace",
    "StatefulSet",
    "Deployment",
    "Job",
    "Service",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Pod",
    "Lease",
)


async def not_at_all(*_: Any) -> list[Any]:
    return []


@pytest.mark.parametrize("name", ["cross-namespace", "scale-cycle"])
def test_everything_that_it_made_carries_its_label_and_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("chaos.engine.execution.roll_back", not_at_all)

    async def story() -> None:
        sandbox = Sandbox(seed=3)
        await sandbox.start()
        await run_on(sandbox, tmp_path, Options(trials=1, period_s=0.1, max_qps=None), find_experiment(name))
        cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
        journal = Journal.load(next(tmp_path.rglob(JOURNAL)))  # noqa: ASYNC240 - one small folder
        assert len(journal.open_entries()) >= 5
        assert await recover(journal, cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        left = [row["metadata"]["name"] for kind in KINDS for row in (await cluster.list(kind, "", RUN_LABEL))[0]]
        assert left == []
        await cluster.close()
        await sandbox.stop()

    run_virtual(story())
