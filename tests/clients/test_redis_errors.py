"""redis-py's errors, told as outcomes and in a few words."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chaos.clients.dialer import Stream
from chaos.clients.redis_session import RedisSession
from chaos.clients.session import Login
from experiments.cache_cluster.redis_cluster import cause
from kubesim import run_virtual


def _reset() -> RedisConnectionError:
    """As the library raises it while it reads."""
    try:
        try:
            raise ConnectionResetError(104, "Connection reset by peer")
        except OSError as exc:
            raise RedisConnectionError(f"Error while reading from x:6379 : {exc.args}")  # noqa: B904 - as it does
    except RedisConnectionError as exc:
        return exc


_ERRORS = [
    (RedisConnectionError("Connection closed by server."), "EOF", "ConnectionError: connection closed"),
    (_reset(), "ECONNRESET", "ConnectionError: connection reset"),
    (RedisConnectionError("something else"), "ERROR", "ConnectionError"),
    (RedisTimeoutError("Timeout reading from x:6379"), "TIMEOUT", "TimeoutError: timeout while waiting for the answer"),
    (BusyLoadingError("Redis is loading the dataset in memory"), "ERROR LOADING", "BusyLoadingError"),
    (ClusterDownError("CLUSTERDOWN The cluster is down"), "ERROR CLUSTERDOWN", "ClusterDownError: CLUSTERDOWN"),
    (MovedError("7000 10.244.1.5:6379"), "ERROR MOVED", "MovedError"),
    (AuthenticationError("Authentication required."), "ERROR AUTH", "AuthenticationError"),
    (ResponseError("WRONGTYPE Operation against a key"), "ERROR WRONGTYPE", "ResponseError"),
    (ResponseError("unknown command 'CONFIG'"), "ERROR ERR", "ResponseError"),
]


@pytest.mark.parametrize(("error", "status", "words"), _ERRORS, ids=[row[1] + " " + row[2] for row in _ERRORS])
def test_each_error_has_its_status_and_its_words(error: Exception, status: str, words: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        stream = Stream(loop)
        protocol = asyncio.StreamReaderProtocol(stream, loop=loop)
        session = RedisSession(stream, asyncio.StreamWriter(_Closed(), protocol, stream, loop), Login())
        outcome = session.explain(error)
        assert outcome is not None
        assert outcome.status == status
        assert cause(error) == words
        assert session.explain(ValueError("a defect")) is None

    run_virtual(main())


class _Closed(asyncio.Transport):
    """Nothing is sent here."""

    def is_closing(self) -> bool:
        return True
