"""A command in a container, run to its end."""

from __future__ import annotations

import asyncio
from typing import Any

from chaos.cluster.client import Cluster
from chaos.cluster.exec import open_exec
from chaos.cluster.executed import Executed
from chaos.errors import ApiError


async def run_command(
    cluster: Cluster, namespace: str, pod: str, command: list[str], *, container: str = "", within_s: float = 30.0
) -> Executed:
    """Run it.

    Raises:
        ApiError: it could not be started, or did not end in time.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    what = f"{' '.join(command)} in pod {pod} in namespace {namespace}"
    stream = await open_exec(cluster, namespace, pod, container, command, stdin=False)
    try:
        async with asyncio.timeout(within_s):
            said = [line.decode("utf-8", "replace") async for _, line in stream.lines()]
    except TimeoutError as exc:
        raise ApiError(f"{what} was not over after {within_s:g} s") from exc
    finally:
        await stream.close()
    if not stream.exit_status:
        raise ApiError(f"{what}: {stream.why()}")
    code = _exit_code(stream.exit_status, what)
    return Executed(code, "\n".join(said), stream.stderr.decode("utf-8", "replace"), loop.time() - began_s)


def _exit_code(status: dict[str, Any], what: str) -> int:
    """The kubelet tells it as a cause.

    Raises:
        ApiError: the command could not be started.
    """
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    for cause in causes:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ApiError(f"{what}: {status.get('message') or status}", reason=str(status.get("reason", "")))
