"""redis-py's asyncio clients, with connections through a `Dialer`."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chaos.clients.dialer import Dialer


def connect(dialer: Dialer, host: str, port: int, timeout_s: float) -> Redis:
    """A client of one server; answers are text. It never tries again by itself: each error is the caller's to see.

    Args:
        dialer: opens its connections.
        host: as in `Dialer.open`.
        port: TCP.
        timeout_s: of connecting, and of waiting for an answer.
    """
    pool = ConnectionPool(connection_class=_through(dialer), host=host, port=port, retry=_never(), **_plain(timeout_s))
    return Redis.from_pool(pool)


def connect_cluster(dialer: Dialer, host: str, port: int, timeout_s: float) -> RedisCluster:
    """A client of a cluster: it learns the members and their slots from that node, and follows redirections.

    It follows redirections within a command, but never tries a failed command again by itself: each error is the
    caller's to see. The command after a failure asks for the slots anew, at a node that did not fail.

    Args:
        dialer: opens its connections, to whatever names or addresses the cluster announces.
        host: of a node or a service that leads to one, as in `Dialer.open`.
        port: TCP.
        timeout_s: of connecting, and of waiting for an answer.
    """
    client = RedisCluster(host=host, port=port, retry=_never(), **_plain(timeout_s))
    connection_class = _through(dialer)
    # The constructor has no argument for it; every node that is learned later is made from these.
    client.connection_kwargs["connection_class"] = connection_class
    for node in client.startup_nodes:
        node.connection_class = connection_class
    return client


def _plain(timeout_s: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "decode_responses": True,
        # No CLIENT SETINFO, which servers before 7.2 answer with an error that would count as ours.
        "driver_info": None,
        # RESP2, so that no greeting is exchanged, and what is asked is all that is sent.
        "protocol": 2,
    }


def _never() -> Retry:
    return Retry(NoBackoff(), 0)


def _through(dialer: Dialer) -> type[Connection]:
    """The library's connection class with another way to open a stream."""

    class ThroughVantage(Connection):
        async def _connect(self) -> None:
            async with asyncio.timeout(self.socket_connect_timeout):
                self._reader, self._writer = await dialer.open(self.host, self.port)

    return ThroughVantage
