"""A replica's connection to its source: finds it by name, logs in, reads its binary log, applies it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable

import aiomysql
from pymysql.constants.CR import CR_CONN_HOST_ERROR, CR_SERVER_LOST, CR_UNKNOWN_HOST

from kubesim.images.mysql.client import Dialed, Open
from kubesim.images.mysql.data import Data, Source
from kubesim.images.mysql.errors import SqlError
from kubesim.images.mysql.execution import execute
from kubesim.images.mysql.replication import log_number
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.variables import Variables
from kubesim.images.mysql.wire import BINLOG_DUMP

_CONNECT_WITHIN_S = 10.0  # connect_timeout's default


class Replica:
    """Replicates until it is cancelled.

    Args:
        resolve: name → address through the pod's resolver; raises LookupError where there is none.
        open_tcp: connects from the pod; raises OSError.
        session: that applies.
        pause: lets a modelled delay pass.
    """

    def __init__(
        self,
        data: Data,
        variables: Variables,
        resolve: Callable[[str], Awaitable[str]],
        open_tcp: Open,
        session: Session,
        pause: Callable[[str], Awaitable[None]],
    ) -> None:
        self._data = data
        self._variables = variables
        self._resolve = resolve
        self._open_tcp = open_tcp
        self._session = session
        self._pause = pause

    async def run(self) -> None:
        """Connect, again and again: the source may not be there yet, or not any more."""
        source = self._data.source
        while source.wanted:
            try:
                await self._follow()
            except _LostError as exc:
                source.errno, source.error = exc.errno, exc.message
            finally:
                source.connected = False
            if source.sql_errno or source.errno in _FATAL:
                return
            await asyncio.sleep(source.retry_s)

    async def _follow(self) -> None:
        source = self._data.source
        connection = await self._connect()
        try:
            await self._check_identity(connection)
            start = f"{log_number(source.file)}:{source.position if source.file else 0}"
            await connection._execute_command(BINLOG_DUMP, start)  # noqa: SLF001 - a command that it has no method for
            source.connected, source.errno, source.error = True, 0, ""
            while not source.sql_errno:
                packet = await connection._read_packet()  # noqa: SLF001 - as above
                await self._apply(packet.get_all_data()[1:])
        except (aiomysql.MySQLError, OSError) as exc:
            raise _lost(exc, source) from exc
        finally:
            connection.close()

    async def _connect(self) -> Dialed:
        source = self._data.source
        try:
            async with asyncio.timeout(_CONNECT_WITHIN_S):
                address = await self._resolve(source.host)
                connection = Dialed(
                    self._open_tcp, host=address, port=source.port, user=source.user, password=source.password
                )
                await connection.connect()
        except LookupError as exc:
            text = f"Unknown MySQL server host '{source.host}' (-2)"
            raise _lost(aiomysql.OperationalError(CR_UNKNOWN_HOST, text), source) from exc
        except (aiomysql.MySQLError, OSError) as exc:
            raise _lost(exc, source) from exc
        return connection

    async def _check_identity(self, connection: Dialed) -> None:
        """Two servers with one id would take each other's events for their own.

        Raises:
            _LostError: they have; MySQL's 13117 (MariaDB: 1593).
        """
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT @@server_id")
            (row,) = await cursor.fetchall()
        self._data.source.server_id = int(row[0])
        if int(row[0]) == self._variables.server_id:
            raise _LostError(
                13117,
                "Fatal error: The replica I/O thread stops because source and replica have equal MySQL server ids; "
                "these ids must be different for replication to work",
            )

    async def _apply(self, event: bytes) -> None:
        server_id, file, position, database, sql = event.decode().split("\0", 4)
        source = self._data.source
        if int(server_id) != self._variables.server_id:
            await self._pause("mysql_apply")
            self._session.origin, self._session.database = int(server_id), database
            try:
                execute(self._session, sql)
            except SqlError as exc:
                source.sql_errno = exc.errno
                source.sql_error = f"Error '{exc.message}' on query. Default database: '{database}'. Query: '{sql}'"
                return
        source.file, source.position = file, int(position)


class _LostError(Exception):
    def __init__(self, errno: int, message: str) -> None:
        super().__init__(message)
        self.errno = errno
        self.message = message


# After these MySQL's receiver thread gives up; after all others it tries again.
_FATAL = frozenset({1227, 1236, 13117})


def _lost(exc: Exception, source: Source) -> _LostError:
    """What the receiver thread writes into its status."""
    if isinstance(exc, OSError):  # a timeout of asyncio's has no errno
        number, text = CR_CONN_HOST_ERROR, f"Can't connect to MySQL server on '{source.host}:{source.port}' "
        text += f"({exc.errno or errno.ETIMEDOUT})"
    else:
        number, text = int(exc.args[0]), str(exc.args[-1])
    where = f"error connecting to master '{source.user}@{source.host}:{source.port}' - retry-time: {source.retry_s:g}"
    return _LostError(number, text if number in (CR_SERVER_LOST, *_FATAL) else f"{where} message: {text}")
