"""One exec stream into a pod: a websocket through the API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from chaos.cluster.client import Cluster
from chaos.cluster.failures import proxy_refusal, status_object
from chaos.errors import ApiError

# v5 can close single channels; servers before 1.29 speak v4, which is the same for what is used here.
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS = 0, 1, 2, 3
_OPEN_WITHIN_S = 15.0
_CLOSE_WITHIN_S = 1.0
# Often enough that no proxy takes the stream for idle; a peer that is gone is noticed after one and a half of these.
_HEARTBEAT_S = 10.0
_STDERR_KEPT_BYTES = 4096
# A line of the agents' protocol holds what was sampled since the last one, also after a cut.
_MESSAGE_LIMIT_BYTES = 32 << 20
_PROXY_AUTHENTICATION_REQUIRED = 407


class ExecStream:
    """Lines to and from a program in a container.

    Attributes:
        exit_status: what the kubelet said at the end: ``{"status": "Success"}`` or a Failure with its message; empty
            while it runs, or where the stream was cut.
        bytes_sent: of payload, with the channel's byte.
    """

    def __init__(self, websocket: Any, where: str) -> None:
        self.exit_status: dict[str, Any] = {}
        self.bytes_sent = 0
        self.bytes_received = 0
        self._websocket = websocket
        self._where = where
        self._stderr = b""
        self._ended = ""

    async def send(self, line: bytes) -> None:
        """Write to its standard input at once.

        Raises:
            ApiError: the stream is cut.
        """
        if self._websocket.closed:
            raise ApiError(self.why() or f"the exec stream to {self._where} is closed")
        self.bytes_sent += len(line) + 1
        try:
            await self._websocket.send_bytes(bytes([_STDIN]) + line)
        except (OSError, RuntimeError) as exc:  # aiohttp: ClientConnectionResetError is an OSError
            raise ApiError(f"the exec stream to {self._where} broke: {exc or type(exc).__name__}") from exc

    async def lines(self) -> AsyncIterator[tuple[float, bytes]]:
        """(instant of receipt by the loop's clock, line of its standard output) until the stream ends."""
        now_s = asyncio.get_running_loop().time
        rest = b""
        while True:
            message = await self._websocket.receive()
            received_s = now_s()
            if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                self._ended = self._why_ended(message)
                if rest and self.exit_status:  # a last line without its end; of a stream that was cut it is no line
                    yield received_s, rest
                return
            data = message.data if isinstance(message.data, bytes) else message.data.encode()
            self.bytes_received += len(data)
            channel, payload = data[0] if data else _STDERR, data[1:]
            if channel == _STDOUT:
                *lines, rest = (rest + payload).split(b"\n")
                for line in lines:
                    yield received_s, line
            elif channel == _STDERR:
                self._stderr = (self._stderr + payload)[-_STDERR_KEPT_BYTES:]
            elif channel == _STATUS:
                self.exit_status = status_object(payload)

    def _why_ended(self, message: Any) -> str:
        if self.exit_status:
            said = self.exit_status.get("message") or self.exit_status.get("status", "")
            return f"the program in {self._where} ended: {said}{self._last_words()}"
        if isinstance(message.data, Exception):
            return f"the exec stream to {self._where} broke: {message.data or type(message.data).__name__}"
        code = self._websocket.close_code
        return f"the exec stream to {self._where} was closed{f' (code {code})' if code else ''}{self._last_words()}"

    def _last_words(self) -> str:
        words = " ".join(self._stderr.decode("utf-8", "replace").split())[-300:]
        return f": {words}" if words else ""

    @property
    def stderr(self) -> bytes:
        """The last few kilobytes of its standard error."""
        return self._stderr

    def why(self) -> str:
        """Why it ended, for people; empty while it is open."""
        return self._ended

    async def close(self) -> None:
        """End it; returns soon whatever the other side does."""
        self._ended = self._ended or f"the exec stream to {self._where} was closed here"
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._websocket.close()
        except (TimeoutError, OSError, RuntimeError):
            response = getattr(self._websocket, "_response", None)
            if response is not None:
                response.close()


async def open_exec(
    cluster: Cluster, namespace: str, pod: str, container: str, command: list[str], *, stdin: bool = True
) -> ExecStream:
    """Run a command in a container, with its standard streams.

    Args:
        cluster: that the pod is in.
        namespace: of the pod.
        pod: its name.
        container: its name; empty: the pod's only one.
        command: program and arguments; no shell is involved.
        stdin: whether something will be sent to it.

    Raises:
        ApiError: it was refused, or the API server cannot be reached.
    """
    where = f"pod {pod} in namespace {namespace}"
    doing = f"opening an exec stream to {where}"
    query = [("container", container)] if container else []
    query += [("stdin", "true")] if stdin else []
    query += [("stdout", "true"), ("stderr", "true")]
    query += [("command", part) for part in command]
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec?{urlencode(query)}"
    with cluster.errors(doing):
        session, arguments = await cluster.raw_session()
        cluster.count("get", "", "pods/exec")
        try:
            async with asyncio.timeout(_OPEN_WITHIN_S):
                websocket = await session.ws_connect(
                    cluster.server.rstrip("/") + path,  # https, not wss: a proxy for http reads the scheme
                    protocols=_PROTOCOLS,
                    heartbeat=_HEARTBEAT_S,
                    max_msg_size=_MESSAGE_LIMIT_BYTES,
                    autoping=True,
                    **arguments,
                )
        except aiohttp.WSServerHandshakeError as exc:
            raise _refused(exc, doing, cluster) from exc
    return ExecStream(websocket, where)


def _refused(exc: aiohttp.WSServerHandshakeError, doing: str, cluster: Cluster) -> ApiError:
    """The API server's answer instead of 101, or that of a proxy before it."""
    if cluster.proxy is not None and exc.status == _PROXY_AUTHENTICATION_REQUIRED:
        return proxy_refusal(doing, cluster.server, cluster.proxy, exc.status, "")
    hints = {
        403: "ask for the verb get on the resource pods/exec in that namespace (from Kubernetes 1.35 on also create)",
        404: "the pod is gone",
        400: "the container does not run (any more), or a proxy in between does not pass websockets on",
    }
    body = status_object(json.dumps({"message": exc.message}))
    return ApiError(
        f"{doing}: the API server answered {exc.status} {body.get('message', '')}".rstrip(),
        status=int(exc.status),
        hint=hints.get(int(exc.status), "a proxy in between may not pass websockets on"),
    )
