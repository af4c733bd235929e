"""aiomysql's connections through a `Dialer`.

MySQL 8 with caching_sha2_password wants TLS, or RSA from the package `cryptography`, before it takes a password that it
has not seen lately; accounts with mysql_native_password need neither.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import aiomysql
from pymysql.constants import COMMAND

from chaos.clients.dialer import Stream
from chaos.clients.session import Login, Row, Session
from chaos.model import Outcome

# With a warning the library tells that a statement had warnings; its text is on the server.
warnings.filterwarnings("ignore", category=aiomysql.Warning)
_QUIT = bytes([1, 0, 0, 0, COMMAND.COM_QUIT])


class MysqlSession(Session):
    """One connection to a MySQL server, in autocommit mode. Errors have the status ``ERROR`` and MySQL's number."""

    def __init__(self, stream: Stream, writer: asyncio.StreamWriter, login: Login) -> None:
        super().__init__(stream, writer, login)
        self._connection = _MySqlOnStream(stream, writer, login)

    async def log_in(self) -> None:
        """Handshake and authentication."""
        await self._connection._connect()  # noqa: SLF001 - what aiomysql.connect calls

    async def ask(self, question: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
        """One statement."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(question)
            rows = await cursor.fetchall() if cursor.description else ()
            columns = tuple(str(column[0]) for column in cursor.description or ())
        return columns, tuple(tuple(None if value is None else str(value) for value in row) for row in rows)

    def explain(self, error: Exception) -> Outcome | None:
        """MySQL's errors by number, the client library's own (2013: connection lost) too."""
        if isinstance(error, aiomysql.MySQLError) and error.args and isinstance(error.args[0], int):
            return Outcome(f"ERROR {error.args[0]}", detail=str(error.args[-1])[:200])
        if isinstance(error, aiomysql.MySQLError | RuntimeError):
            return Outcome("ERROR", detail=str(error)[:200])
        return None

    def close(self) -> None:
        """COM_QUIT, so that the server does not count an aborted connection."""
        if not self.writer.is_closing():
            self.writer.write(_QUIT)
        self._connection.close()
        super().close()


class _MySqlOnStream(aiomysql.Connection):  # type: ignore[misc]  # it has no types
    """The library's connection on a stream that is open already."""

    def __init__(self, stream: Stream, writer: asyncio.StreamWriter, login: Login) -> None:
        settings: dict[str, Any] = {"user": login.user, "password": login.password, "autocommit": True}
        super().__init__(db=login.database or None, **settings)
        self._reader: Stream | None = stream
        self._writer: asyncio.StreamWriter | None = writer

    async def _connect(self) -> None:
        self._next_seq_id = 0
        await self._get_server_information()
        await self._request_authentication()
        await self.autocommit(True)
