"""Statements about databases, accounts, settings and replication: each a pattern and what it does."""

from __future__ import annotations

import re

from kubesim.images.mysql.accounts import ALL, EVERYWHERE, Account, native_hash, require_super
from kubesim.images.mysql.data import SYSTEM_DATABASES, Result
from kubesim.images.mysql.errors import SqlError, no_database, unknown_database, unsupported
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.statement_table import statement

_NAME = r"`?(?P<name>[A-Za-z0-9_$-]+)`?"
_USER = r"'?(?P<user>[A-Za-z0-9_-]+)'?(?:@'?(?P<host>[^'\s]+)'?)?"
_PRIVILEGES = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REPLICATION SLAVE", "REPLICATION CLIENT", "USAGE"}
)


# ---- databases ----


@statement(rf"CREATE (?:DATABASE|SCHEMA)(?P<exists> IF NOT EXISTS)? {_NAME}")
def _create_database(session: Session, match: re.Match[str], sql: str) -> Result:
    name = match["name"]
    session.require("CREATE", name)
    session.check_writable()
    if name in session.data.databases:
        if not match["exists"]:
            raise SqlError(1007, f"Can't create database '{name}'; database exists")
        return Result(affected=1)
    if name.lower() in SYSTEM_DATABASES:
        raise SqlError(3802, f"Access to system schema '{name}' is rejected.")
    session.data.databases[name] = {}
    session.log(sql)
    return Result(affected=1)


@statement(rf"DROP (?:DATABASE|SCHEMA)(?P<exists> IF EXISTS)? {_NAME}")
def _drop_database(session: Session, match: re.Match[str], sql: str) -> Result:
    name = match["name"]
    session.require("DROP", name)
    session.check_writable()
    if name not in session.data.databases:
        if not match["exists"]:
            raise SqlError(1008, f"Can't drop database '{name}'; database doesn't exist")
        return Result()
    dropped = list(session.data.databases[name])
    for table in dropped:
        session.execute_on_rows(f"DROP TABLE `{name}`.`{table}`", logged=False)
    del session.data.databases[name]
    session.log(sql)
    return Result(affected=len(dropped))


@statement(rf"USE {_NAME}")
def _use(session: Session, match: re.Match[str], _sql: str) -> Result:
    session.use(match["name"])
    return Result()


@statement(r"SHOW (?:DATABASES|SCHEMAS)")
def _show_databases(session: Session, _match: re.Match[str], _sql: str) -> Result:
    names = sorted({*session.data.databases, *SYSTEM_DATABASES})
    shown = [name for name in names if name == "information_schema" or session.account.sees(name)]
    return Result(["Database"], [(name,) for name in shown])


@statement(rf"SHOW TABLES(?: (?:FROM|IN) {_NAME})?")
def _show_tables(session: Session, match: re.Match[str], _sql: str) -> Result:
    name = match["name"] or session.database
    if not name:
        raise no_database()
    if name.lower() in SYSTEM_DATABASES:
        raise unsupported(f"SHOW TABLES of {name}")
    if name not in session.data.databases:
        raise unknown_database(name)
    return Result([f"Tables_in_{name}"], [(table,) for table in sorted(session.data.databases[name])])


# ---- accounts ----


@statement(
    rf"CREATE USER(?P<exists> IF NOT EXISTS)? {_USER} "
    r"IDENTIFIED(?: WITH '?mysql_native_password'?)? BY '(?P<password>[^']*)'"
)
def _create_user(session: Session, match: re.Match[str], sql: str) -> Result:
    require_super(session.account, "CREATE USER")
    session.check_writable()
    _any_host(match)
    if match["user"] in session.data.accounts:
        if not match["exists"]:
            raise SqlError(1396, f"Operation CREATE USER failed for '{match['user']}'@'%'")
        return Result()
    session.data.accounts[match["user"]] = Account(match["user"], native_hash(match["password"]))
    session.log(sql)
    return Result()


@statement(rf"GRANT (?P<what>[A-Z ,]+?) ON (?:(?P<every>\*)|`?(?P<name>[A-Za-z0-9_-]+)`?)\.\* TO {_USER}")
def _grant(session: Session, match: re.Match[str], sql: str) -> Result:
    require_super(session.account, "GRANT OPTION")
    session.check_writable()
    _any_host(match)
    account = session.data.accounts.get(match["user"])
    if account is None:
        raise SqlError(1410, "You are not allowed to create a user with GRANT")
    words = {" ".join(word.split()).upper() for word in match["what"].split(",")}
    privileges = {ALL} if words <= {"ALL", "ALL PRIVILEGES"} else words
    if privileges != {ALL} and not privileges <= _PRIVILEGES:
        raise unsupported(f"GRANT {', '.join(sorted(privileges - _PRIVILEGES))}")
    account.grants.setdefault(EVERYWHERE if match["every"] else match["name"], set()).update(privileges)
    session.log(sql)
    return Result()


@statement(r"FLUSH PRIVILEGES")
def _flush(session: Session, _match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, "RELOAD")
    return Result()


def _any_host(match: re.Match[str]) -> None:
    if match["host"] not in (None, "%"):
        raise unsupported(f"accounts for one host ({match['host']})")


# ---- settings ----


@statement(r"SET NAMES '?(?:utf8mb4|utf8|latin1|ascii)'?")
def _set_names(_session: Session, _match: re.Match[str], _sql: str) -> Result:
    return Result()


@statement(r"SET (?:SESSION |@@session\.|@@)?autocommit ?= ?(?P<value>\w+)")
def _set_autocommit(_session: Session, match: re.Match[str], _sql: str) -> Result:
    if not _boolean(match["value"]):
        raise unsupported("transactions of several statements (autocommit = 0)")
    return Result()


@statement(r"SET (?:GLOBAL |@@global\.)(?P<name>\w+) ?= ?(?P<value>\w+)")
def _set_global(session: Session, match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, "SUPER or SYSTEM_VARIABLES_ADMIN")
    session.variables.set(match["name"], _boolean(match["value"]))
    return Result()


@statement(r"COMMIT|ROLLBACK")
def _nothing_open(_session: Session, _match: re.Match[str], _sql: str) -> Result:
    return Result()


@statement(r"SHOW (?:(?:GLOBAL|SESSION) )?VARIABLES LIKE '(?P<name>\w+)'")
def _show_variable(session: Session, match: re.Match[str], _sql: str) -> Result:
    switches = {"read_only", "super_read_only", "log_bin", "autocommit"}
    try:
        value = session.variables.get(match["name"])
    except SqlError:
        return Result(["Variable_name", "Value"], [])
    if match["name"] in switches:
        value = "ON" if value else "OFF"
    return Result(["Variable_name", "Value"], [(match["name"], str(value))])


def _boolean(word: str) -> bool:
    if word.upper() not in ("0", "1", "ON", "OFF", "TRUE", "FALSE"):
        raise SqlError(1231, f"Variable can't be set to the value of '{word}'")
    return word.upper() in ("1", "ON", "TRUE")
