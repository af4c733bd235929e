"""One connection to a Redis server, as series of clients use it; redis-py speaks on it."""

from __future__ import annotations

import asyncio
import re
import shlex
from typing import Any

from redis.asyncio import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chaos.clients.dialer import Stream
from chaos.clients.session import Login, Row, Session
from chaos.model import Outcome
from chaos.model.outcome import EOF, TIMEOUT
from chaos.probes.connection import is_address
from chaos.probes.http import os_error_name

# Settings that hold the name that a server announces: of a cluster's member, and of a replica. Where neither is set the
# server knows no name, and its answer only shows that somebody answered.
_NAMES = ("cluster-announce-hostname", "replica-announce-ip")
_WHO = f"CONFIG GET {_NAMES[0]}"
# redis-py makes classes of some of the codes and drops the word.
_CODES: tuple[tuple[type[RedisError], str], ...] = (
    (AuthenticationWrongNumberOfArgsError, "ERR"),
    (AuthenticationError, "AUTH"),
    (NoPermissionError, "NOPERM"),
    (BusyLoadingError, "LOADING"),
    (ClusterDownError, "CLUSTERDOWN"),
    (MovedError, "MOVED"),
    (ReadOnlyError, "READONLY"),
)
_CODE = re.compile(r"[A-Z]{3,}")
_DETAIL_CHARS = 200


class RedisSession(Session):
    """A connection in RESP2. Errors have the status ``ERROR`` and the server's code, such as ``ERROR MOVED``.

    The question that tells who answers has the pod's name for an answer: the first label of the name that the server
    announces. Other questions are commands; their replies are flat rows.
    """

    def __init__(self, stream: Stream, writer: asyncio.StreamWriter, login: Login) -> None:
        super().__init__(stream, writer, login)
        self._connection: Any = _RedisOnStream(stream, writer, login)  # its methods have no types

    async def log_in(self) -> None:
        """AUTH, where there is a password."""
        await self._connection.connect()

    async def ask(self, question: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
        """One command."""
        if question == _WHO:
            name = await self._name()
            return ("name",), ((name,),) if name else ()
        return ("reply",), tuple((row,) for row in _flat(await self._say(*shlex.split(question))))

    async def _name(self) -> str:
        for setting in _NAMES:
            found = _flat(await self._say("CONFIG", "GET", setting))
            name = (found[1] if len(found) > 1 else None) or ""
            if name and not is_address(name):
                return name.partition(".")[0]
        return ""

    async def _say(self, *words: str) -> Any:
        await self._connection.send_command(*words)
        return await self._connection.read_response()

    def explain(self, error: Exception) -> Outcome | None:
        """The server's errors by their code; a connection that ends as end, as other clients have it."""
        text = str(error)[:_DETAIL_CHARS]
        if isinstance(error, RedisTimeoutError):
            return Outcome(TIMEOUT)
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "")
        if not code and isinstance(error, RedisConnectionError):
            return self._ended(error, text)
        if not isinstance(error, RedisError):
            return None
        first = text.partition(" ")[0]
        return Outcome(f"ERROR {code or (first if _CODE.fullmatch(first) else 'ERR')}", detail=text)

    @staticmethod
    def _ended(error: RedisConnectionError, text: str) -> Outcome:
        """What the network did to the connection; the library hides it in a text."""
        below = error.__cause__ or error.__context__
        if isinstance(below, OSError) and below.errno:
            return Outcome(os_error_name(below))
        return Outcome(EOF) if "closed" in text else Outcome("ERROR", detail=text)

    def close(self) -> None:
        """Close without waiting."""
        self._connection.let_go()
        super().close()


class _RedisOnStream(Connection):
    """The library's connection on a stream that is open already."""

    def __init__(self, stream: Stream, writer: asyncio.StreamWriter, login: Login) -> None:
        # A user without a password would be refused; the server's default user needs neither.
        named: dict[str, Any] = {}
        if login.password:
            named = {"username": login.user or None, "password": login.password}
        super().__init__(
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
            protocol=2,
            decode_responses=True,
            socket_timeout=None,
            socket_connect_timeout=None,
            **named,
        )
        self._given = (stream, writer)

    async def _connect(self) -> None:
        self._reader, self._writer = self._given

    def let_go(self) -> None:
        """Forget the stream, which its owner closes."""
        self._reader = self._writer = None


def _flat(reply: Any) -> list[str | None]:
    if isinstance(reply, list):
        return [text for item in reply for text in _flat(item)]
    return [None if reply is None else str(reply)]
