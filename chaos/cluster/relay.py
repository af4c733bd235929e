"""The websocket on which a practice cluster relays UDP and TCP to its pods."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from chaos.cluster.client import Cluster
from chaos.errors import ApiError

_PATH = "/kubesim/relay"
_WITHIN_S = 10.0
_MOST_BYTES = 1 << 20


async def open_relay(cluster: Cluster) -> Any:
    """Open it; it is closed with the cluster's connection, or by its `close`.

    Raises:
        ApiError: it cannot be had.
    """
    doing = f"reaching the pods of {cluster.name} through its relay"
    with cluster.errors(doing):
        session, arguments = await cluster.raw_session()
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await session.ws_connect(
                    cluster.server.rstrip("/") + _PATH, max_msg_size=_MOST_BYTES, **arguments
                )
        except aiohttp.WSServerHandshakeError as exc:
            raise ApiError(
                f"{doing}: the API server answered {exc.status}",
                status=int(exc.status),
                hint="it may be of an older version of this tool: start chaos sandbox again",
            ) from exc
