"""HTTP without the kernel: an aiohttp connector whose connections end at a server protocol in the same event loop.

Both of aiohttp's protocols stay as they are; only the transport between them is ours. Each flush arrives after one
drawn latency, in order.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from kubesim.network.memory_transport import MemoryTransport

_CLIENT_PORTS_FROM = 40000


class MemoryConnector(aiohttp.BaseConnector):
    """An aiohttp connector, every connection of which ends at one server in this process.

    Args:
        accept: makes the server's protocol for a new connection.
        latency_s: draws the one-way latency of a flush, seconds.
        refuses: whether the next request finds nobody who listens; one on a connection that is open already, too.
    """

    def __init__(
        self, accept: Callable[[], asyncio.Protocol], latency_s: Callable[[], float], refuses: Callable[[], bool] = bool
    ) -> None:
        # keepalive_timeout would be measured with time.monotonic(), which does not follow virtual time.
        super().__init__(keepalive_timeout=None, limit=0)
        self._accept = accept
        self._latency_s = latency_s
        self._refuses = refuses
        self._ports = _CLIENT_PORTS_FROM

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's
        """A connection for a request.

        Raises:
            aiohttp.ClientConnectorError: it is refused.
        """
        if self._refuses():
            refusal = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
            raise aiohttp.ClientConnectorError(req.connection_key, refusal)
        return await super().connect(req, traces, timeout)

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ARG002, ASYNC109  # aiohttp's
        await asyncio.sleep(2 * self._latency_s())  # the handshake: one round trip
        loop = asyncio.get_running_loop()
        client = ResponseHandler(loop)
        server = self._accept()
        self._ports += 1
        own, other = ("127.0.0.1", self._ports), ("127.0.0.1", req.port or 0)
        near = MemoryTransport(loop, client, self._latency_s, own, other, gathers=True)
        far = MemoryTransport(loop, server, self._latency_s, other, own, gathers=True)
        near.join(far)
        near.start()
        far.start()
        return client
