"""One client's connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.images.redis.commands import execute
from kubesim.images.redis.reply import RedisError, encode
from kubesim.images.redis.request import ProtocolError, Requests
from kubesim.images.redis.session import Session

_DENIED = (
    "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the "
    "default user. In this mode connections are only accepted from the loopback interface. If you want to connect "
    "from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode "
    "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the "
    "same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do "
    "so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode "
    "by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting "
    "the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' "
    "option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above "
    "things in order for the server to start accepting connections from the outside."
)


class RedisConnection(asyncio.Protocol):
    """Answers requests in their order, at once.

    Args:
        session: of this client.
        changed: called after requests that changed keys.
        stop: called where a request ends the server; see `Session.stops`.
        lost: called when the connection is over.
    """

    def __init__(
        self,
        session: Session,
        changed: Callable[[], None],
        stop: Callable[[bool | None], None],
        lost: Callable[[], None],
    ) -> None:
        self._session, self._changed, self._stop, self._lost = session, changed, stop, lost
        self._requests = Requests()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        if self._session.instance.settings["protected-mode"] == "yes":
            transport.write(encode(RedisError(_DENIED), 2))
            transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lost()

    def data_received(self, data: bytes) -> None:
        self._requests.feed(data)
        changes = self._session.keyspace.changes
        try:
            while not self._transport.is_closing() and (words := self._requests.next()) is not None:
                self._answer(words)
        except ProtocolError as exc:
            self._transport.write(encode(RedisError(f"ERR Protocol error: {exc}"), self._session.protocol))
            self._transport.close()
        if self._session.keyspace.changes != changes:
            self._changed()

    def _answer(self, words: list[bytes]) -> None:
        if not words:
            return
        reply = execute(self._session, words)
        if self._session.stops:  # SHUTDOWN has no reply but the connection's end
            self._transport.close()
            self._stop(self._session.stops[-1])
            return
        self._transport.write(encode(reply, self._session.protocol))
        if self._session.closing:
            self._transport.close()
