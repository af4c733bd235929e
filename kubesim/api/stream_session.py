"""A connection whose streams are multiplexed over a websocket (v5.channel.k8s.io and v4.channel.k8s.io).

The first byte of a message is its channel: 0 standard input, 1 output, 2 errors, 3 the Status at the end, 4 the size of
a terminal, and 255 closes one (v5). There is no terminal: what a command prints comes as it is, and one that would read
what is typed is refused. SPDY is not spoken.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from collections.abc import Callable, Coroutine
from typing import Any, Self

from aiohttp import WSMsgType, web

from kubesim.api.status import bad_request
from kubesim.containers.input import Input, Terminal
from kubesim.store import Object

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_TRUE = ("true", "1")


class StreamSession:
    """One such connection.

    Attributes:
        version: of the protocol.
        wanted: which of ``stdin``, ``stdout`` and ``stderr`` the client asked for.
        stdin: what it sends.
    """

    def __init__(self, socket: web.WebSocketResponse, *, version: int, wanted: set[str], stdin: Input) -> None:
        self.version = version
        self.wanted = wanted
        self.stdin = stdin
        self._socket = socket
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()

    @classmethod
    async def open(cls, request: web.BaseRequest, pod: Object) -> tuple[web.WebSocketResponse, Self]:
        """Upgrade the connection.

        Raises:
            StoreError: 400, as long as the connection is plain HTTP.
        """
        query = request.rel_url.query
        if not pod["spec"].get("nodeName"):
            raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        offered = [word.strip() for word in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        protocol = next((word for word in offered if word in _PROTOCOLS), "")
        if request.headers.get("Upgrade", "").lower() != "websocket" or not protocol:
            raise bad_request("Upgrade request required")
        socket = web.WebSocketResponse(protocols=_PROTOCOLS, compress=False)
        await socket.prepare(request)
        wanted = {stream for stream in ("stdin", "stdout", "stderr") if query.get(stream, "") in _TRUE}
        stdin = Input(closed="stdin" not in wanted)
        if "stdin" in wanted and query.get("tty", "") in _TRUE:
            stdin = Terminal(pod["metadata"]["name"])
        return socket, cls(socket, version=5 if protocol == _PROTOCOLS[0] else 4, wanted=wanted, stdin=stdin)

    def out(self, text: str) -> None:
        """Standard output."""
        if "stdout" in self.wanted:
            self._frames.put_nowait(bytes([_STDOUT]) + text.encode())

    def err(self, text: str) -> None:
        """Standard error."""
        if "stderr" in self.wanted:
            self._frames.put_nowait(bytes([_STDERR]) + text.encode())

    async def run(self, work: Coroutine[Any, Any, int], status: Callable[[asyncio.Future[int]], Object]) -> None:
        """Run to the end while the streams flow, and say by `status` how it ended; the client's leaving ends it."""
        running = asyncio.ensure_future(work)
        running.add_done_callback(lambda _: self._frames.put_nowait(None))
        reading = asyncio.ensure_future(self._read())
        reading.add_done_callback(lambda _: running.cancel())
        try:
            await self._socket.send_bytes(bytes([_STDOUT]))  # the real one opens the channel so
            while (frame := await self._frames.get()) is not None:
                await self._socket.send_bytes(frame)
            if not running.cancelled():
                await self.end(status(running))
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


SUCCESS: Object = {"metadata": {}, "status": "Success"}


def not_here(message: str) -> Object:
    """The Status of what kubesim cannot do."""
    return {"metadata": {}, "status": "Failure", "message": message, "reason": "NotImplemented", "code": 501}


def internal_error(message: str) -> Object:
    """The Status of a failure inside the cluster."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
