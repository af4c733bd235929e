"""Statements about the rows of one table, or about none: checked against what is known, then executed by SQLite.

MySQL and SQLite agree on what is let through here; everything else is refused, since an answer of SQLite's own would be
wrong without a sign: other functions, joins, groups, comparisons between numbers and texts, and more.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from kubesim.images.mysql.accounts import Account, require
from kubesim.images.mysql.checks import check, only_known_parts
from kubesim.images.mysql.columns import table_of
from kubesim.images.mysql.data import SYSTEM_DATABASES, Data, Result, Table, key
from kubesim.images.mysql.errors import SqlError, no_database, syntax, unknown_database, unsupported

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it warns of is refused below

_STATEMENTS_KEPT = 512
_PRIVILEGES: dict[type[exp.Expr], str] = {
    exp.Select: "SELECT",
    exp.Insert: "INSERT",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.TruncateTable: "DROP",
    exp.Create: "CREATE",
    exp.Drop: "DROP",
}


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of a statement.

    Attributes:
        log: its text with variables replaced, for the binary log; empty where nothing changed.
    """

    result: Result
    log: str = ""


class Statements:
    """Executes for one session.

    Args:
        value: of a variable or a function without arguments, by its text in MySQL, such as ``@@hostname``.
        check_writable: raises where nothing may be written.
    """

    def __init__(
        self, data: Data, account: Account, value: Callable[[str], object], check_writable: Callable[[], None]
    ) -> None:
        self._data = data
        self._account = account
        self._value = value
        self._check_writable = check_writable

    def execute(self, sql: str, database: str) -> Executed:
        """Execute one statement.

        Raises:
            SqlError: it is wrong, not allowed, or not supported.
        """
        statement = _parse(sql)
        names = [_column_name(one) for one in statement.expressions] if isinstance(statement, exp.Select) else []
        statement = statement.transform(self._replace)
        if type(statement) not in _PRIVILEGES:
            raise unsupported(sql.split(maxsplit=1)[0].upper())
        writes = not isinstance(statement, exp.Select)
        where = self._table(statement, database)
        if where is not None:
            require(self._account, _PRIVILEGES[type(statement)], *where)
        if writes:
            self._check_writable()
        text = statement.sql("mysql") if writes else ""
        match statement:
            case exp.Create() | exp.Drop() | exp.TruncateTable() if where is not None:
                result = self._define(statement, *where)
            case exp.Select() | exp.Insert() | exp.Update() | exp.Delete():
                result = self._rows(statement, where, names)
            case _:
                raise unsupported(sql[:60])
        return Executed(result, text)

    def _replace(self, node: exp.Expr) -> exp.Expr:
        """Values for variables and functions that name one; aggregates and operators stay."""
        if isinstance(
            node, exp.SessionParameter | exp.Anonymous | exp.CurrentVersion | exp.CurrentSchema | exp.CurrentUser
        ):
            value = self._value(node.sql("mysql"))
            if value is None:
                return exp.null()
            return exp.Literal.number(value) if isinstance(value, int) else exp.Literal.string(str(value))
        if isinstance(node, exp.Boolean):
            return exp.Literal.number(int(node.this))
        return node

    # ---- tables ----

    def _table(self, statement: exp.Expr, database: str) -> tuple[str, str] | None:
        """Database and name of the statement's one table; None where it has none."""
        tables = list(statement.find_all(exp.Table))
        if not tables and isinstance(statement, exp.Select):
            return None
        if len(tables) != 1:
            raise unsupported("statements with more than one table")
        table = tables[0]
        only_known_parts(table)
        name = table.text("db") or database
        if not name:
            raise no_database()
        if name.lower() in SYSTEM_DATABASES:
            raise unsupported(f"tables of {name}")
        if name not in self._data.databases:
            raise unknown_database(name)
        return name, table.name

    def _known(self, database: str, name: str) -> Table:
        found = self._data.databases[database].get(name)
        if found is None:
            raise SqlError(1146, f"Table '{database}.{name}' doesn't exist")
        return found

    def _define(self, statement: exp.Expr, database: str, name: str) -> Result:
        tables = self._data.databases[database]
        if isinstance(statement, exp.TruncateTable):
            self._known(database, name)
            self._run(f"DELETE FROM {key(database, name)}", name)  # noqa: S608 - a quoted name
            return Result()
        if statement.args.get("kind") != "TABLE":
            raise unsupported(f"{statement.args.get('kind')} here")
        if isinstance(statement, exp.Drop):
            if name not in tables and not statement.args.get("exists"):
                raise SqlError(1051, f"Unknown table '{database}.{name}'")
            if tables.pop(name, None) is not None:
                self._run(f"DROP TABLE {key(database, name)}", name)
            return Result()
        if name in tables:
            if statement.args.get("exists"):
                return Result()
            raise SqlError(1050, f"Table '{name}' already exists")
        if name.lower() in {other.lower() for other in tables}:
            raise unsupported("tables whose names differ in case only")
        table, rows = table_of(statement)
        self._run(f"CREATE TABLE {key(database, name)} ({', '.join(rows)}) STRICT", name)
        tables[name] = table
        return Result()

    # ---- rows ----

    def _rows(self, statement: exp.Expr, where: tuple[str, str] | None, names: list[str]) -> Result:
        table = None if where is None else self._known(*where)
        check(statement, table)
        if where is not None:
            _to_sqlite(statement, *where)
        if isinstance(statement, exp.Select):
            for one, name in zip(tuple(statement.expressions), names, strict=True):
                if name:
                    one.replace(exp.alias_(one.unalias().copy(), name, quoted=True))
            cursor = self._run(statement.sql("sqlite"))
            columns = [column[0] for column in cursor.description]
            return Result(columns, cursor.fetchall())
        affected = _changed(self, statement, where) if isinstance(statement, exp.Update) else None
        cursor = self._run(statement.sql("sqlite"), where[1] if where else "")
        affected = cursor.rowcount if affected is None else affected
        counts = isinstance(statement, exp.Insert) and table is not None and _counts(statement, table)
        first = (cursor.lastrowid or 0) - affected + 1  # MySQL tells the first of several
        return Result(affected=affected, insert_id=first if counts else 0)

    def count(self, sql: str) -> int:
        """The one number that a query of SQLite's gives."""
        return int(self._run(sql).fetchone()[0])

    def _run(self, sql: str, table: str = "") -> sqlite3.Cursor:
        try:
            return self._data.tables.execute(sql)
        except sqlite3.IntegrityError as exc:
            raise _violated(str(exc), table) from exc
        except sqlite3.Error as exc:
            raise _refused(str(exc)) from exc


@lru_cache(maxsize=_STATEMENTS_KEPT)
def _parse(sql: str) -> exp.Expr:
    """The statement's tree, which must not be changed: probes ask the same thing again and again."""
    try:
        found = [one for one in sqlglot.parse(sql, read="mysql") if one is not None]
    except sqlglot.errors.SqlglotError as exc:
        raise syntax(sql) from exc
    if not found:
        raise SqlError(1065, "Query was empty")
    if len(found) > 1:
        raise unsupported("several statements at once")
    if isinstance(found[0], exp.Command):
        raise unsupported(sql[:60])
    return found[0]


def _column_name(expression: exp.Expr) -> str:
    """How MySQL calls a column of a result: its text, unless it has a name; empty where SQLite says it right."""
    if isinstance(expression, exp.Star | exp.Column):
        return ""
    return expression.alias or expression.sql("mysql").replace("SCHEMA()", "DATABASE()")


def _counts(insert: exp.Insert, table: Table) -> bool:
    """Whether the server numbers the rows of an INSERT."""
    named = {one.name for one in insert.this.expressions} if isinstance(insert.this, exp.Schema) else set()
    return bool(table.counter and named and table.counter not in named)


def _to_sqlite(statement: exp.Expr, database: str, name: str) -> None:
    """Name the table as SQLite knows it."""
    for table in statement.find_all(exp.Table):
        table.set("this", exp.to_identifier(f"{database}/{name}", quoted=True))
        table.set("db", None)
    for column in statement.find_all(exp.Column):
        if column.table not in ("", name):
            raise SqlError(1054, f"Unknown column '{column.table}.{column.name}' in 'field list'")
        column.set("table", None)


def _changed(statements: Statements, update: exp.Update, where: tuple[str, str] | None) -> int:
    """Rows that an UPDATE really changes, which is what MySQL counts."""
    assert where is not None  # noqa: S101 - an UPDATE has a table
    same = " AND ".join(
        f"{one.this.sql('sqlite')} IS ({one.expression.sql('sqlite')}) COLLATE BINARY" for one in update.expressions
    )
    condition = update.args.get("where")
    among = f"({condition.this.sql('sqlite')}) AND " if condition else ""
    return statements.count(f"SELECT COUNT(*) FROM {key(*where)} WHERE {among}NOT ({same})")  # noqa: S608 - checked above


def _violated(text: str, table: str) -> SqlError:
    """SQLite's words for a constraint in MySQL's."""
    subject = text.rpartition(": ")[2].rpartition(".")[2]
    cases: Iterable[tuple[str, SqlError]] = (
        ("UNIQUE", SqlError(1062, f"Duplicate entry for key '{table}.{subject}'")),
        ("NOT NULL", SqlError(1048, f"Column '{subject}' cannot be null")),
        ("CHECK", SqlError(1406 if "length" in text else 1264, f"Data too long or out of range: {subject}")),
        ("cannot store", SqlError(1366, f"Incorrect value for column: {text}")),
    )
    return next((error for words, error in cases if words in text), _refused(text))


def _refused(text: str) -> SqlError:
    return unsupported(f"this statement ({text})")
