"""Pods of a whole sandbox, in virtual time, with this project's own client."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

import kubesim
from chaos.cluster.address import ClusterAddress
from chaos.cluster.client import Cluster
from chaos.cluster.command import run_command
from chaos.cluster.connection import connect
from chaos.cluster.executed import Executed

Object = dict[str, Any]
_STDOUT, _STATUS = 1, 3  # channels


class PodsLab:
    """A sandbox that is up, and what tests do in it."""

    def __init__(self, sandbox: kubesim.Cluster, cluster: Cluster, http: aiohttp.ClientSession) -> None:
        self.sandbox, self.cluster, self._http = sandbox, cluster, http

    def create(self, kind: str, name: str, namespace: str = "default", **fields: Any) -> Object:
        return self.sandbox.api.registry.create(kind, {"metadata": {"name": name, "namespace": namespace}, **fields})

    def pod(self, name: str, image: str, command: list[str] | None = None, **spec: Any) -> Object:
        container = {"name": "main", "image": image, **({"command": command} if command else {})}
        container |= spec.pop("container", {})
        return self.create("Pod", name, spec={"containers": [container], **spec})

    def status(self, name: str) -> Object:
        return (self.sandbox.get("Pod", name) or {"status": {}})["status"]  # type: ignore[no-any-return]

    def events(self, name: str) -> list[str]:
        return [row["reason"] for row in self.sandbox.objects("Event") if row["involvedObject"]["name"] == name]

    async def run(self, pod: str, *command: str, container: str = "") -> Executed:
        return await run_command(self.cluster, "default", pod, list(command), container=container)

    async def sh(self, pod: str, line: str) -> list[str]:
        done = await self.run(pod, "sh", "-c", line)
        return [*done.stdout.splitlines(), *done.stderr.splitlines()]

    async def stream(self, path: str) -> tuple[str, Object]:
        """Standard output and the Status at the end of a pod's exec or attach."""
        url = f"{self.sandbox.url}/api/v1/namespaces/default/pods/{path}"
        out, status = "", {}
        async with self._http.ws_connect(url, protocols=("v5.channel.k8s.io",)) as socket:
            async for message in socket:
                if message.data[0] == _STDOUT:
                    out += message.data[1:].decode()
                elif message.data[0] == _STATUS:
                    status = json.loads(message.data[1:])
        return out, status

    async def get(self, path: str) -> tuple[int, str]:
        async with self._http.get(f"{self.sandbox.url}/api/v1/namespaces/default/pods/{path}") as response:
            return response.status, await response.text()


def in_sandbox(test: Callable[[PodsLab], Awaitable[None]], **kwargs: Any) -> None:
    """Run a test against a sandbox of its own."""

    async def main() -> None:
        async with kubesim.Cluster(seed=3, **kwargs) as sandbox:
            cluster = await connect(ClusterAddress(url=sandbox.url, connector=sandbox.connector()))
            try:
                async with aiohttp.ClientSession(connector=sandbox.connector(), trust_env=False) as http:
                    await test(PodsLab(sandbox, cluster, http))
            finally:
                await cluster.close()

    kubesim.run_virtual(main())
