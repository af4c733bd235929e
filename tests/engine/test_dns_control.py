"""Cluster DNS under an experiment: its undo is on the disk first, survives a kill, and overwrites nobody's change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.client import Cluster
from chaos.cluster.connection import connect
from chaos.cluster.journal import Journal
from chaos.deploy.rbac import rbac
from chaos.engine.dns_control import DnsControl
from chaos.engine.permissions import Feature
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import InconclusiveError, RollbackError, UsageError
from chaos.experiment import find_experiment
from kubesim import run_virtual

OUTAGE, OTHER = "dns-outage", "identity-persistence"


async def _opened(_what: str, _hit: Sequence[str], _at_once: int) -> None:
    """All guards are."""


@dataclass(slots=True)
class Under:
    sandbox: kubesim.Cluster
    cluster: Cluster
    changes: Changes
    journal: Journal
    clock: RunClock

    def control(self, experiment: str = OUTAGE) -> DnsControl:
        return DnsControl(find_experiment(experiment), self.cluster, self.changes, self.clock, _opened)

    async def killed(self) -> list[RollbackError]:
        """The process is gone; `chaos recover` reads its journal."""
        self.journal.close()
        return await recover(Journal.load(self.journal.path), self.cluster, self.clock, Silence())

    def stored(self, kind: str) -> dict[str, Any]:
        found = self.sandbox.store.get(kind, "kube-system", "coredns")
        assert found is not None
        return found


@asynccontextmanager
async def under(tmp_path: Path) -> AsyncIterator[Under]:
    sandbox = kubesim.Cluster(seed=3)
    await sandbox.start()
    cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
    clock = RunClock(asyncio.get_running_loop())
    journal = Journal.start(tmp_path, {"id": "r1", "context": "c", "fingerprint": cluster.fingerprint})
    try:
        yield Under(sandbox, cluster, Changes(cluster, journal, clock, "r1"), journal, clock)
    finally:
        await cluster.close()
        await sandbox.stop()


def test_a_killed_run_leaves_a_journal_that_puts_dns_back_and_does_so_first(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            before = world.stored("ConfigMap")["data"]["Corefile"]
            await world.changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
            control = world.control()
            await control.scale(0)
            await control.configure(before + "degraded.chaos:53 {\n    erratic\n}\n")
            await asyncio.sleep(10)
            assert await control.pods(ready=False) == ()
            order: list[str] = []
            world.sandbox.store.subscribe(lambda change: order.append(f"{change.type} {change.kind}"))
            assert await world.killed() == []
            assert world.stored("Deployment")["spec"]["replicas"] == 2
            assert world.stored("ConfigMap")["data"]["Corefile"] == before
            assert order.index("MODIFIED ConfigMap") < order.index("MODIFIED Namespace")
            await asyncio.sleep(10)
            assert len(await control.pods()) == 2

    run_virtual(main())


def test_a_run_killed_between_journal_and_request_finds_nothing_to_put_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            uid = world.stored("Deployment")["metadata"]["uid"]
            world.journal.intend(
                change="patch Deployment coredns",
                undo="restore",
                kind="Deployment",
                name="coredns",
                namespace="kube-system",
                uid=uid,
                applied={"spec": {"replicas": 0}},
                restore={"spec": {"replicas": 2}},
            )
            version = world.stored("Deployment")["metadata"]["resourceVersion"]
            assert await world.killed() == []
            assert world.stored("Deployment")["metadata"]["resourceVersion"] == version

    run_virtual(main())


def test_what_somebody_else_changed_meanwhile_is_left_alone_and_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            await world.control().scale(0)
            await world.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 5}})
            (failure,) = await world.killed()
            assert "changed by somebody else" in failure.message
            assert world.stored("Deployment")["spec"]["replicas"] == 5

    run_virtual(main())


def test_putting_back_ends_the_undo_and_needs_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            control = world.control()
            await control.scale(0)
            await control.unscale()
            assert world.stored("Deployment")["spec"]["replicas"] == 2
            assert [e for e in world.journal.open_entries() if e.undo == "restore"] == []
            with pytest.raises(RollbackError, match="nothing to put back"):
                await control.unscale()

    run_virtual(main())


def test_an_experiment_that_did_not_say_so_cannot_touch_dns(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            with pytest.raises(UsageError, match="without saying so"):
                await world.control(OTHER).scale(0)

    run_virtual(main())


def test_a_restart_goes_one_by_one_and_stops_where_the_first_new_server_does_not_come_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with under(tmp_path) as world:
            control = world.control()
            await control.restart(within_s=30)
            before = {pod.uid for pod in await control.pods()}
            assert len(before) == 2
            await control.configure("this is no Corefile\n")
            with pytest.raises(InconclusiveError, match="was not Ready within 10 s"):
                await control.restart(within_s=10)
            assert len({pod.uid for pod in await control.pods()} & before) == 1

    run_virtual(main())


def test_the_role_for_it_covers_coredns_by_name_where_rbac_can_say_so() -> None:
    made = rbac("prod", "runner", [Feature.DISTURB_DNS])
    (role,) = [o for o in made if o["kind"] == "Role" and o["metadata"]["namespace"] == "kube-system"]
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "delete"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"], "resourceNames": ["coredns"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"], "resourceNames": ["coredns"]},
        {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["list"]},
    ]
