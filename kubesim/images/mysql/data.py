"""What mysqld keeps in its data directory: tables, accounts, the binary log, how it replicates."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from kubesim.images.mysql.accounts import Account

# Length of the binary log's magic number and first events in MySQL 8.0: where the first statement begins.
_FIRST_POSITION = 157
_EVENT_OVERHEAD_BYTES = 120  # about what GTID, query header and checksum add to a statement's text
TEXT, INT = "text", "int"  # kinds of columns
SYSTEM_DATABASES = frozenset({"information_schema", "mysql", "performance_schema", "sys"})


@dataclass(frozen=True, slots=True)
class Event:
    """One statement in the binary log.

    Attributes:
        server_id: of the server that executed it first.
        database: that was in use.
        file: number of the log file.
        position: where the event ends in it.
    """

    server_id: int
    database: str
    sql: str
    file: int
    position: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        columns: name → `TEXT` or `INT`.
        counter: the column that is AUTO_INCREMENT, if any.
    """

    columns: dict[str, str]
    counter: str = ""


@dataclass(slots=True)
class Source:
    """Where a replica replicates from, and how far it came.

    Attributes:
        file: of the source's log that was read last; empty before the first.
        position: in it.
        wanted: whether replication was started; it is again after a restart.
        errno: of the connection's last error; 0 while there is none.
        sql_errno: why the last event could not be applied; 0: none.
    """

    host: str = ""
    port: int = 3306
    user: str = ""
    password: str = ""
    retry_s: float = 60.0  # MySQL's default
    file: str = ""
    position: int = 4
    wanted: bool = False
    connected: bool = False
    errno: int = 0
    error: str = ""
    sql_errno: int = 0
    sql_error: str = ""
    server_id: int = 0


class Data:
    """A data directory. It outlives the server where its volume does.

    Attributes:
        initialized: whether a server has been started on it before.
        locked: whether a server runs on it now.
        databases: name → table name → table.
        tables: the rows; a table's name there is `key`.
        log_file: number of the log file that is written.
    """

    def __init__(self) -> None:
        self.initialized = False
        self.locked = False
        self.databases: dict[str, dict[str, Table]] = {}
        self.accounts: dict[str, Account] = {}
        self.tables = sqlite3.connect(":memory:", isolation_level=None)
        self.binlog: list[Event] = []
        self.log_file = 0
        self.source = Source()

    def rotate(self) -> None:
        """A server that starts opens a new log file."""
        self.log_file += 1

    @property
    def position(self) -> int:
        """Where the next event begins."""
        last = self.binlog[-1] if self.binlog else None
        return last.position if last and last.file == self.log_file else _FIRST_POSITION

    def log(self, server_id: int, database: str, sql: str) -> None:
        """Append an event."""
        ends = self.position + _EVENT_OVERHEAD_BYTES + len(sql.encode())
        self.binlog.append(Event(server_id, database, sql, self.log_file, ends))

    def events_after(self, file: int, position: int) -> int:
        """Index of the first event that ends behind a position."""
        return sum((event.file, event.position) <= (file, position) for event in self.binlog)


def key(database: str, table: str) -> str:
    """A table's name in SQLite, quoted."""
    return '"' + f"{database}/{table}".replace('"', '""') + '"'


@dataclass(slots=True)
class Result:
    """What a statement gave.

    Attributes:
        columns: None where it gave no rows.
        affected: rows changed.
    """

    columns: list[str] | None = None
    rows: list[tuple[object, ...]] = field(default_factory=list)
    affected: int = 0
    insert_id: int = 0
