"""The client libraries that a method may use, behind one small door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.clients.dialer import Dialer

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.cluster import RedisCluster

_REDIS_PORT = 6379


class Clients:
    """Makes clients whose connections go through the vantage. Whoever makes one closes it: `async with`."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def redis(self, host: str, port: int = _REDIS_PORT, *, timeout_s: float = 1.0) -> Redis:
        """A client of one Redis server; see `chaos.clients.redis.connect`."""
        from chaos.clients import redis  # noqa: PLC0415 - 0.2 s of imports, for those that need them

        return redis.connect(self._dialer, host, port, timeout_s)

    def redis_cluster(self, host: str, port: int = _REDIS_PORT, *, timeout_s: float = 1.0) -> RedisCluster:
        """A client of a Redis Cluster; see `chaos.clients.redis.connect_cluster`."""
        from chaos.clients import redis  # noqa: PLC0415 - as above

        return redis.connect_cluster(self._dialer, host, port, timeout_s)
