"""MySQL servers of a whole sandbox, asked with the real client library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomysql
import yaml

from kubesim.api import deletion
from kubesim.cluster import Cluster
from kubesim.images.mysql.client import Dialed
from kubesim.virtual import run_virtual

MANIFESTS = Path(__file__).parents[3] / "experiments" / "manifests"
PASSWORD = "cluster-password"
READY_WITHIN_S = 60


class MysqlLab:
    """A sandbox with the unit's cluster in namespace default."""

    def __init__(self, sandbox: Cluster) -> None:
        self.sandbox = sandbox

    def create(self, kind: str, **fields: Any) -> None:
        self.sandbox.api.registry.create(kind, fields)

    def apply(self, name: str, **changes: Any) -> None:
        for obj in yaml.safe_load_all((MANIFESTS / name).read_text()):
            obj["metadata"]["namespace"] = "default"
            if obj["kind"] == "StatefulSet":
                obj["spec"].update(changes)
            self.sandbox.api.registry.create(obj["kind"], obj)

    def delete_pod(self, name: str) -> None:
        deletion.delete(self.sandbox.store, "Pod", "default", name)

    def pod(self, name: str) -> dict[str, Any]:
        return self.sandbox.store.get("Pod", "default", name) or {}

    def ready(self, name: str) -> bool:
        conditions = self.pod(name).get("status", {}).get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    async def wait_ready(self, *names: str) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while not all(self.ready(name) for name in names):
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def connect(self, pod: str, **settings: Any) -> AsyncIterator[aiomysql.Connection]:
        settings = {"user": "root", "password": PASSWORD, "port": 3306, **settings}
        host = settings.pop("host", None) or self.pod(pod)["status"]["podIP"]
        connection = Dialed(self.sandbox.network.open_tcp, host=host, **settings)
        await connection.connect()
        try:
            yield connection
        finally:
            connection.close()

    async def query(self, pod: str, sql: str, **settings: Any) -> list[tuple[Any, ...]]:
        async with self.connect(pod, **settings) as connection, connection.cursor() as cursor:
            await cursor.execute(sql)
            return [tuple(row) for row in await cursor.fetchall()]

    async def error(self, pod: str, sql: str = "SELECT 1", **settings: Any) -> int:
        """The number of the error; 0 where there is none."""
        try:
            await self.query(pod, sql, **settings)
        except aiomysql.MySQLError as exc:
            return int(exc.args[0])
        return 0


def in_cluster(test: Callable[[MysqlLab], Awaitable[None]]) -> None:
    """Run a test in virtual time."""

    async def main() -> None:
        sandbox = Cluster(seed=1)
        try:
            await sandbox.start()
            await test(MysqlLab(sandbox))
            assert sandbox.failure() is None
        finally:
            await sandbox.stop()

    run_virtual(main())
