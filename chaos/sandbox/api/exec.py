"""pods/exec: a command in a container, over a websocket (v5.channel.k8s.io and v4.channel.k8s.io).

The first byte of a message is its channel: 0 standard input, 1 output, 2 errors, 3 the Status at the end, 4 the size of
a terminal, and 255 closes one (v5). There is no terminal: what a command prints comes as it is. SPDY is not spoken.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import Coroutine
from typing import Any

from aiohttp import WSMsgType, web

from chaos.sandbox.api.pod_containers import Kubelets, container_name
from chaos.sandbox.api.status import bad_request
from chaos.sandbox.containers.execution import CommandStartError, NotRunningError
from chaos.sandbox.containers.programs import Input
from chaos.sandbox.store import Object

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_TRUE = ("true", "1")
# What the real one names it by; it is another one each time there.
_EXEC_ID = "0" * 64


async def run_exec(request: web.BaseRequest, pod: Object, kubelets: Kubelets | None) -> web.StreamResponse:
    """Upgrade the connection, run the command, and say how it ended.

    Raises:
        StoreError: 400, as long as the connection is plain HTTP.
    """
    query = request.rel_url.query
    name = container_name(pod, query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    protocol = next((word for word in offered if word in _PROTOCOLS), "")
    if request.headers.get("Upgrade", "").lower() != "websocket" or not protocol:
        raise bad_request("Upgrade request required")
    socket = web.WebSocketResponse(protocols=_PROTOCOLS, compress=False)
    await socket.prepare(request)
    wanted = {stream for stream in ("stdin", "stdout", "stderr") if query.get(stream, "") in _TRUE}
    session = _Session(socket, version=5 if protocol == _PROTOCOLS[0] else 4, wanted=wanted)
    container = kubelets(pod["metadata"]["uid"], name) if kubelets else None
    command = tuple(query.getall("command", []))
    try:
        if not wanted:
            why = "unable to upgrade connection: you must specify at least 1 of stdin, stdout, stderr"
            await session.end(_internal_error(why))
        elif container is None:
            await session.end(_internal_error(f'unable to upgrade connection: container not found ("{name}")'))
        else:
            running = container.execute(command, session.stdin, session.out, session.err)
            await session.run(running, name, command)
    except (ConnectionResetError, RuntimeError):
        return socket  # the client has left
    await socket.close()
    return socket


class _Session:
    def __init__(self, socket: web.WebSocketResponse, *, version: int, wanted: set[str]) -> None:
        self._socket = socket
        self._version = version
        self._wanted = wanted
        self.stdin = Input(closed="stdin" not in wanted)
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()

    def out(self, text: str) -> None:
        """Standard output."""
        if "stdout" in self._wanted:
            self._frames.put_nowait(bytes([_STDOUT]) + text.encode())

    def err(self, text: str) -> None:
        """Standard error."""
        if "stderr" in self._wanted:
            self._frames.put_nowait(bytes([_STDERR]) + text.encode())

    async def run(self, command: Coroutine[Any, Any, int], container: str, argv: tuple[str, ...]) -> None:
        """Run the command while its streams flow; the client's leaving ends it."""
        running = asyncio.ensure_future(command)
        running.add_done_callback(lambda _: self._frames.put_nowait(None))
        reading = asyncio.ensure_future(self._read())
        reading.add_done_callback(lambda _: running.cancel())
        try:
            await self._socket.send_bytes(bytes([_STDOUT]))  # the real one opens the channel so
            while (frame := await self._frames.get()) is not None:
                await self._socket.send_bytes(frame)
            if not running.cancelled():
                await self.end(self._status(running, container, argv))
        finally:
            running.cancel()
            reading.cancel()
            await asyncio.gather(running, reading, return_exceptions=True)

    async def end(self, status: Object) -> None:
        """Send the Status."""
        await self._socket.send_bytes(bytes([_STATUS]) + json.dumps(status, separators=(",", ":")).encode())

    async def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for message in self._socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                continue
            data = message.data if isinstance(message.data, bytes) else message.data.encode()
            if data[:1] == bytes([_STDIN]):
                self.stdin.feed(decoder.decode(data[1:]))
            elif data[:2] == bytes([_CLOSE, _STDIN]):
                self.stdin.close()

    def _status(self, running: asyncio.Future[int], container: str, argv: tuple[str, ...]) -> Object:
        try:
            code = running.result()
        except NotRunningError:
            return _internal_error(f'unable to upgrade connection: container not found ("{container}")')
        except CommandStartError as exc:
            return _internal_error(
                "Internal error occurred: error executing command in container: failed to exec in container: failed to "
                f'start exec "{_EXEC_ID}": OCI runtime exec failed: exec failed: {exc}: unknown'
            )
        if not code:
            return {"metadata": {}, "status": "Success"}
        ended = f"command terminated with exit code {code}"
        if self._version == 4:  # noqa: PLR2004 - the kubelet's own words, which v5's translation replaces
            ended = f"error executing command [{' '.join(argv)}], exit code {code}"
        return {
            "metadata": {},
            "status": "Failure",
            "message": f"command terminated with non-zero exit code: {ended}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
        }


def _internal_error(message: str) -> Object:
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
