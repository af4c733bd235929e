"""Executes whatever statement a client sends."""

from __future__ import annotations

from kubesim.images.mysql import administration, replication  # noqa: F401 - they register their statements
from kubesim.images.mysql.data import Result
from kubesim.images.mysql.errors import unsupported
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.statement_table import find

_LOCKED = frozenset({"BEGIN", "START TRANSACTION"})


def execute(session: Session, sql: str) -> Result:
    """Execute one statement of a session.

    Raises:
        SqlError: it is wrong, not allowed, or not supported.
    """
    sql = sql.strip().rstrip(";").strip()
    if sql.upper() in _LOCKED:
        raise unsupported("transactions of several statements")
    found = find(sql)
    if found is not None:
        handler, match = found
        return handler(session, match, sql)
    return session.execute_on_rows(sql)
