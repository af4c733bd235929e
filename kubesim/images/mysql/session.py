"""One client's session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kubesim.images.mysql.accounts import Account
from kubesim.images.mysql.data import Data, Result
from kubesim.images.mysql.errors import READ_ONLY, SqlError, unknown_database, unsupported
from kubesim.images.mysql.statements import Statements
from kubesim.images.mysql.variables import VERSION, Variables


@dataclass(slots=True)
class Session:
    """What a client's statements find and change; each is committed at once (autocommit).

    Attributes:
        peer: the client's address.
        database: in use; empty: none.
        replays: whether it is a replica's own, which read_only does not stop.
        origin: server id that its changes are logged with; 0: this server's.
    """

    data: Data
    variables: Variables
    account: Account
    connection_id: int
    peer: str
    start_replica: Callable[[], None]
    stop_replica: Callable[[], None]
    logged: Callable[[], None]
    database: str = ""
    replays: bool = False
    origin: int = 0
    _statements: Statements = field(init=False)

    def __post_init__(self) -> None:
        self._statements = Statements(self.data, self.account, self._value, self.check_writable)

    def execute_on_rows(self, sql: str, *, logged: bool = True) -> Result:
        """Execute a statement about the rows of a table, or about none; see `kubesim.images.mysql.execution` for all.

        Raises:
            SqlError: it is wrong, not allowed, or not supported.
        """
        done = self._statements.execute(sql, self.database)
        if done.log and logged:
            self.log(done.log)
        return done.result

    def use(self, database: str) -> None:
        """Choose the database.

        Raises:
            SqlError: 1049 or 1044.
        """
        if database not in self.data.databases:
            raise unknown_database(database)
        if not self.account.sees(database):
            raise SqlError(1044, f"Access denied for user '{self.account.name}'@'%' to database '{database}'")
        self.database = database

    def require(self, privilege: str, database: str) -> None:
        """Refuse what the account may not do with a whole database.

        Raises:
            SqlError: 1044.
        """
        if not self.account.has(privilege, database):
            raise SqlError(1044, f"Access denied for user '{self.account.name}'@'%' to database '{database}'")

    def check_writable(self) -> None:
        """Refuse writes where the server is read-only for this account.

        Raises:
            SqlError: 1290.
        """
        if self.replays:
            return
        if self.variables.super_read_only or (self.variables.read_only and not self.account.is_super):
            option = "--super-read-only" if self.variables.super_read_only else "--read-only"
            text = f"The MySQL server is running with the {option} option so it cannot execute this statement"
            raise SqlError(READ_ONLY, text)

    def log(self, sql: str) -> None:
        """Write a change to the binary log, if there is one."""
        if self.variables.log_base:
            self.data.log(self.origin or self.variables.server_id, self.database, sql)
            self.logged()

    def _value(self, text: str) -> int | str | None:
        """Of a variable or of a function without arguments."""
        name = text.lower()
        if name.startswith("@@"):
            scope, dot, variable = name[2:].rpartition(".")
            if dot and scope not in ("global", "session"):
                raise SqlError(1193, f"Unknown system variable '{text}'")
            return self.variables.get(variable)
        found: dict[str, int | str | None] = {
            "version()": VERSION,
            "schema()": self.database or None,
            "connection_id()": self.connection_id,
            "user()": f"{self.account.name}@{self.peer}",
            "current_user()": f"{self.account.name}@%",
        }
        if name not in found:
            raise unsupported(text)
        return found[name]
