"""Statements of replication, in the words of MySQL 5 (MASTER, SLAVE) and of MySQL 8 (SOURCE, REPLICA)."""

from __future__ import annotations

import re

from kubesim.images.mysql.accounts import require_super
from kubesim.images.mysql.data import Result, Source
from kubesim.images.mysql.errors import SqlError, syntax, unsupported
from kubesim.images.mysql.session import Session
from kubesim.images.mysql.statement_table import statement

_OPTION = re.compile(
    r"\s*(?:MASTER|SOURCE)_(?P<key>\w+)\s*=\s*(?:'(?P<text>[^']*)'|(?P<number>[\d.]+))\s*(?:,|$)", re.IGNORECASE
)
_ADMIN = "SUPER or REPLICATION_SLAVE_ADMIN"


@statement(r"CHANGE (?:MASTER|REPLICATION SOURCE) TO (?P<options>.+)")
def _change_source(session: Session, match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, _ADMIN)
    if session.data.source.wanted:
        raise SqlError(
            3021, "This operation cannot be performed with a running replica io thread; run STOP REPLICA first"
        )
    options = _options(match["options"])
    old = session.data.source
    source = Source(
        host=str(options.pop("HOST", old.host)),
        port=int(options.pop("PORT", old.port)),
        user=str(options.pop("USER", old.user)),
        password=str(options.pop("PASSWORD", old.password)),
        retry_s=float(options.pop("CONNECT_RETRY", old.retry_s)),
        file=str(options.pop("LOG_FILE", "")),
        position=int(options.pop("LOG_POS", 4)),
    )
    options.pop("RETRY_COUNT", None)
    options.pop("HEARTBEAT_PERIOD", None)
    if options:
        raise unsupported(f"{', '.join(sorted(options))} in CHANGE REPLICATION SOURCE")
    session.data.source = source
    return Result()


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _OPTION.match(text, at)
        if match is None:
            raise syntax(text[at:])
        found[match["key"].upper()] = match["number"] if match["text"] is None else match["text"]
        at = match.end()
    return found


@statement(r"START (?:SLAVE|REPLICA)")
def _start(session: Session, _match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, _ADMIN)
    if not session.data.source.host:
        raise SqlError(
            1200, "The server is not configured as replica; fix in config file or with CHANGE REPLICATION SOURCE TO"
        )
    session.start_replica()
    return Result()


@statement(r"STOP (?:SLAVE|REPLICA)")
def _stop(session: Session, _match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, _ADMIN)
    session.stop_replica()
    return Result()


@statement(r"RESET (?:SLAVE|REPLICA) ALL")
def _reset(session: Session, _match: re.Match[str], _sql: str) -> Result:
    require_super(session.account, _ADMIN)
    session.stop_replica()
    session.data.source = Source()
    return Result()


@statement(r"SHOW MASTER STATUS")
def _show_source(session: Session, _match: re.Match[str], _sql: str) -> Result:
    columns = ["File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"]
    if not session.variables.log_base:
        return Result(columns, [])
    file = log_name(session.variables.log_base, session.data.log_file)
    return Result(columns, [(file, session.data.position, "", "", "")])


@statement(r"SHOW (?P<word>SLAVE|REPLICA) STATUS")
def _show_replica(session: Session, match: re.Match[str], _sql: str) -> Result:
    source = session.data.source
    new = match["word"].upper() == "REPLICA"
    own, other = ("Replica", "Source") if new else ("Slave", "Master")
    running = "No" if not source.wanted else "Yes" if source.connected else "Connecting"
    applying = "Yes" if source.wanted and not source.sql_errno else "No"
    row: dict[str, object] = {
        f"{own}_IO_State": f"Waiting for {other.lower()} to send event" if source.connected else "",
        f"{other}_Host": source.host,
        f"{other}_User": source.user,
        f"{other}_Port": source.port,
        "Connect_Retry": int(source.retry_s),
        f"{other}_Log_File": source.file,
        f"Read_{other}_Log_Pos": source.position,
        f"{own}_IO_Running": running,
        f"{own}_SQL_Running": applying,
        "Last_Errno": source.sql_errno,
        "Last_Error": source.sql_error,
        f"Exec_{other}_Log_Pos": source.position,
        f"Seconds_Behind_{other}": 0 if running == applying == "Yes" else None,
        "Last_IO_Errno": source.errno,
        "Last_IO_Error": source.error,
        "Last_SQL_Errno": source.sql_errno,
        "Last_SQL_Error": source.sql_error,
        f"{other}_Server_Id": source.server_id,
    }
    return Result(list(row), [tuple(row.values())] if source.host else [])


def log_name(base: str, number: int) -> str:
    """Of a log file: ``binlog.000001``."""
    return f"{base}.{number:06d}"


def log_number(name: str) -> int:
    """Of a log file's name; 0 for the empty one, which means the first."""
    digits = name.rpartition(".")[2]
    return int(digits) if digits.isdigit() else 0
