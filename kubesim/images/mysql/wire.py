"""One client's connection: MySQL's protocol, version 10, with mysql_native_password."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from hashlib import sha1
from typing import Protocol

from mysql_mimic import packets
from mysql_mimic.charset import CharacterSet
from mysql_mimic.results import ResultColumn
from mysql_mimic.types import Capabilities, ColumnType, Commands, ServerStatus

from kubesim.images.mysql.accounts import Account
from kubesim.images.mysql.data import Event, Result
from kubesim.images.mysql.errors import ACCESS_DENIED, SqlError, syntax
from kubesim.images.mysql.execution import execute
from kubesim.images.mysql.replication import log_name
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.variables import VERSION

_PLUGIN = "mysql_native_password"
_CHARSET = CharacterSet.utf8mb4
_CAPABILITIES = (
    Capabilities.CLIENT_PROTOCOL_41
    | Capabilities.CLIENT_DEPRECATE_EOF
    | Capabilities.CLIENT_CONNECT_WITH_DB
    | Capabilities.CLIENT_CONNECT_ATTRS
    | Capabilities.CLIENT_PLUGIN_AUTH
    | Capabilities.CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | Capabilities.CLIENT_SECURE_CONNECTION
    | Capabilities.CLIENT_LONG_PASSWORD
)
_STATUS = ServerStatus.SERVER_STATUS_AUTOCOMMIT
_NONCE_BYTES = 20
_MAX_PACKET_BYTES = 0xFFFFFF
BINLOG_DUMP = 0x12


class Service(Protocol):
    """What a connection needs of its server."""

    def account(self, user: str) -> Account | None:
        """By name."""

    def session(self, account: Account, peer: str, connection_id: int) -> Session:
        """For somebody who has logged in."""

    async def pause(self, delay: str) -> None:
        """Let a modelled delay pass."""

    async def events(self, file: int, position: int, send: Callable[[Event], None]) -> None:
        """Send the binary log from a position on, and what comes, until the connection ends.

        Raises:
            SqlError: there is no binary log.
        """


class Packets:
    """Framing: three bytes of length, one of sequence. Whole packets of less than 16 MB only."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.sequence = 0

    async def read(self) -> bytes:
        """The next packet's payload.

        Raises:
            EOFError: the client has gone.
            SqlError: it is too long.
        """
        try:
            head = await self._reader.readexactly(4)
            length = int.from_bytes(head[:3], "little")
            if length == _MAX_PACKET_BYTES:
                raise SqlError(1153, "Got a packet bigger than 'max_allowed_packet' bytes")
            self.sequence = (head[3] + 1) & 0xFF
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as exc:
            raise EOFError from exc

    def write(self, *payloads: bytes) -> None:
        """Send packets together."""
        out = bytearray()
        for payload in payloads:
            out += len(payload).to_bytes(3, "little") + bytes([self.sequence]) + payload
            self.sequence = (self.sequence + 1) & 0xFF
        self._writer.write(out)


class Connection:
    """Serves one client to its end.

    Args:
        rng: for the challenge of the login.
    """

    def __init__(
        self,
        service: Service,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection_id: int,
        rng: random.Random,
    ) -> None:
        self._service = service
        self._writer = writer
        self._packets = Packets(reader, writer)
        self._id = connection_id
        self._nonce = bytes(rng.randrange(33, 127) for _ in range(_NONCE_BYTES))
        self._capabilities = Capabilities(0)
        peer = writer.get_extra_info("peername")
        self._peer = str(peer[0]) if peer else ""

    async def serve(self) -> None:
        """Until the client goes or is sent away."""
        try:
            session = await self._login()
            while True:
                self._packets.sequence = 0
                if not await self._command(session, await self._packets.read()):
                    return
        except EOFError:
            return
        except SqlError as exc:
            self._packets.write(exc.packet())
        finally:
            self._writer.close()

    # ---- login ----

    async def _login(self) -> Session:
        await self._service.pause("mysql_login")
        self._packets.write(
            packets.make_handshake_v10(
                capabilities=_CAPABILITIES,
                server_charset=_CHARSET,
                server_version=VERSION,
                connection_id=self._id,
                auth_data=self._nonce + b"\0",
                status_flags=_STATUS,
                auth_plugin_name=_PLUGIN,
            )
        )
        try:
            response = packets.parse_handshake_response_41(_CAPABILITIES, await self._packets.read())
        except (AssertionError, ValueError, IndexError, UnicodeDecodeError) as exc:
            raise SqlError(1043, "Bad handshake") from exc
        self._capabilities = response.capabilities
        scramble = response.auth_response
        if response.client_plugin not in (None, _PLUGIN):
            self._packets.write(packets.make_auth_switch_request(_CHARSET, _PLUGIN, self._nonce + b"\0"))
            scramble = await self._packets.read()
        account = self._service.account(response.username)
        if account is None or not _proves(account.auth_string, scramble, self._nonce):
            using = "YES" if scramble else "NO"
            who = f"'{response.username}'@'{self._peer}'"
            raise SqlError(ACCESS_DENIED, f"Access denied for user {who} (using password: {using})")
        session = self._service.session(account, self._peer, self._id)
        if response.database:
            session.use(response.database)
        self._packets.write(self._ok(Result()))
        return session

    # ---- commands ----

    async def _command(self, session: Session, data: bytes) -> bool:
        """Execute one; False where the client has said goodbye."""
        command, rest = data[:1], data[1:]
        try:
            match command[0] if command else None:
                case Commands.COM_QUIT:
                    return False
                case Commands.COM_PING:
                    self._packets.write(self._ok(Result()))
                case Commands.COM_INIT_DB:
                    session.use(rest.decode())
                    self._packets.write(self._ok(Result()))
                case Commands.COM_QUERY:
                    await self._query(session, rest)
                case int(code) if code == BINLOG_DUMP:
                    await self._dump(session, rest)
                case _:
                    self._packets.write(SqlError(1047, "Unknown command").packet())
        except SqlError as exc:
            self._packets.write(exc.packet())
        return True

    async def _query(self, session: Session, data: bytes) -> None:
        try:
            sql = data.decode()
        except UnicodeDecodeError as exc:
            raise syntax(repr(data)) from exc
        await self._service.pause("mysql_query")
        result = execute(session, sql)
        if result.columns is None:
            if result.affected:
                await self._service.pause("mysql_commit")
            self._packets.write(self._ok(result))
        else:
            self._packets.write(*self._rows(result))

    async def _dump(self, session: Session, data: bytes) -> None:
        """Send events as they come, in a form of kubesim's own: only its own replicas read them."""
        if not session.account.has("REPLICATION SLAVE"):
            raise SqlError(1227, "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)")
        file, _, position = data.decode().partition(":")

        def send(event: Event) -> None:
            name = log_name(session.variables.log_base, event.file)
            fields = (str(event.server_id), name, str(event.position), event.database, event.sql)
            self._packets.write(b"\0" + "\0".join(fields).encode())

        await self._service.events(int(file), int(position), send)

    # ---- answers ----

    def _ok(self, result: Result) -> bytes:
        packet: bytes = packets.make_ok(
            capabilities=self._capabilities,
            status_flags=_STATUS,
            affected_rows=result.affected,
            last_insert_id=result.insert_id,
        )
        return packet

    def _rows(self, result: Result) -> list[bytes]:
        columns = [_column(name, [row[i] for row in result.rows]) for i, name in enumerate(result.columns or ())]
        old = Capabilities.CLIENT_DEPRECATE_EOF not in self._capabilities
        eof = packets.make_eof(capabilities=self._capabilities, status_flags=_STATUS)
        end = packets.make_ok(capabilities=self._capabilities, status_flags=_STATUS, eof=True)
        return [
            packets.make_column_count(capabilities=self._capabilities, column_count=len(columns)),
            *(
                packets.make_column_definition_41(
                    server_charset=_CHARSET, name=one.name, column_type=one.type, character_set=one.character_set
                )
                for one in columns
            ),
            *([eof] if old else []),
            *(packets.make_text_resultset_row(row, columns) for row in result.rows),
            eof if old else end,
        ]


def _column(name: str, values: list[object]) -> ResultColumn:
    numbers = bool(values) and all(isinstance(value, int) or value is None for value in values)
    return ResultColumn(name, ColumnType.LONGLONG if numbers else ColumnType.VARCHAR)


def _proves(auth_string: str, scramble: bytes, nonce: bytes) -> bool:
    """Whether a client knows the password: SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password)))."""
    if not auth_string or len(scramble) != sha1(b"").digest_size:  # noqa: S324 - the protocol's own
        return not auth_string and not scramble
    stored = bytes.fromhex(auth_string)
    mask = sha1(nonce + stored).digest()  # noqa: S324
    return sha1(bytes(a ^ b for a, b in zip(scramble, mask, strict=True))).digest() == stored  # noqa: S324
