"""MySQL servers of a whole sandbox, asked with the real client library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomysql
import yaml

from kubesim import Cluster, run_virtual
from kubesim.images.mysql.client import Dialed

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

    def pod(self, name: str) -> dict[str, Any]:
        return self.sandbox.get("Pod", name) or {}

    async def wait_ready(self, *names: str) -> None:
        await self.sandbox.until_ready(*(f"pod/{name}" for name in names), within_s=READY_WITHIN_S)

    @asynccontextmanager
    async def connect(self, pod: str, **settings: Any) -> AsyncIterator[aiomysql.Connection]:
        settings = {"user": "root", "password": PASSWORD, "port": 3306, **settings}
        host = settings.pop("host", None) or self.pod(pod)["status"]["podIP"]
        connection = Dialed(self.sandbox.open_tcp, host=host, **settings)
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
        async with Cluster(seed=1) as sandbox:
            await test(MysqlLab(sandbox))

    run_virtual(main())
