"""pods/exec: a command in a container; and pods/attach: what its main process writes from now on."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kubesim.api.pod_containers import Kubelets, container_name, has_stdin_once
from kubesim.api.stream_session import SUCCESS, StreamSession, internal_error, not_here
from kubesim.containers.execution import CommandStartError, NotRunningError
from kubesim.containers.input import NoTerminalError, no_terminal
from kubesim.containers.log import Log
from kubesim.store import Object

# What the real one names it by; it is another one each time there.
_EXEC_ID = "0" * 64


async def run_exec(request: web.BaseRequest, pod: Object, kubelets: Kubelets | None) -> web.StreamResponse:
    """Upgrade the connection, run the command, and say how it ended.

    Raises:
        StoreError: 400, as long as the connection is plain HTTP.
    """
    query = request.rel_url.query
    name = container_name(pod, query.get("container", ""))
    socket, session = await StreamSession.open(request, pod)
    container = kubelets(pod["metadata"]["uid"], name) if kubelets else None
    command = tuple(query.getall("command", []))
    try:
        if not session.wanted:
            why = "unable to upgrade connection: you must specify at least 1 of stdin, stdout, stderr"
            await session.end(internal_error(why))
        elif container is None:
            await session.end(_not_found(name))
        else:
            running = container.execute(command, session.stdin, session.out, session.err)
            await session.run(running, lambda done: _status(done, name, command, session.version))
    except (ConnectionResetError, RuntimeError):
        return socket  # the client has left
    await socket.close()
    return socket


async def run_attach(request: web.BaseRequest, pod: Object, kubelets: Kubelets | None) -> web.StreamResponse:
    """Upgrade the connection, and send what the container writes until it ends.

    What waits for input would need a terminal, which there is none of: that is refused, and with the attempt ends the
    input of a container with `stdinOnce`, as `kubectl run -i` makes them.

    Raises:
        StoreError: 400, as long as the connection is plain HTTP.
    """
    name = container_name(pod, request.rel_url.query.get("container", ""))
    socket, session = await StreamSession.open(request, pod)
    container = kubelets(pod["metadata"]["uid"], name) if kubelets else None
    try:
        if container is None or container.log is None or "running" not in container.state:
            await session.end(_not_found(name))
        elif container.reads_stdin and "stdin" in session.wanted:
            await session.end(not_here(no_terminal(pod["metadata"]["name"])))
            if has_stdin_once(pod, name):
                container.close_stdin()
        else:
            await session.run(_written(container.log, session), lambda _: SUCCESS)
    except (ConnectionResetError, RuntimeError):
        return socket  # the client has left
    await socket.close()
    return socket


async def _written(log: Log, session: StreamSession) -> int:
    seen = max((line.number for line in log.lines()), default=0)
    while not (log.closed and not log.lines(seen)):
        await log.more()
        for line in log.lines(seen):
            seen = line.number
            session.out(f"{line.text}\n")
    return 0


def _status(running: asyncio.Future[int], container: str, argv: tuple[str, ...], version: int) -> Object:
    try:
        code = running.result()
    except NotRunningError:
        return _not_found(container)
    except NoTerminalError as exc:
        return not_here(str(exc))
    except CommandStartError as exc:
        return internal_error(
            "Internal error occurred: error executing command in container: failed to exec in container: failed to "
            f'start exec "{_EXEC_ID}": OCI runtime exec failed: exec failed: {exc}: unknown'
        )
    if not code:
        return SUCCESS
    ended = f"command terminated with exit code {code}"
    if version == 4:  # noqa: PLR2004 - the kubelet's own words, which v5's translation replaces
        ended = f"error executing command [{' '.join(argv)}], exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {ended}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _not_found(container: str) -> Object:
    return internal_error(f'unable to upgrade connection: container not found ("{container}")')
