"""What experiments with MySQL share: who logs in, and how a primary and its replicas are set up by stable names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.experiment import Finding, Login, Note, Reply, Run, against, ms, unsure

PORT = 3306
DATABASE = "clusterdb"
ROOT = Login("root", "cluster-password")  # as in mysql-cluster.yaml
APP = Login("app", "app-password", DATABASE)
_REPLICATION = ("repl", "replication-password")
_RETRY_S = 1
_TRIES = 3
_LOOK_WITHIN_S = 20.0
_READ_EVERY_S = 0.002


@dataclass(frozen=True, slots=True)
class SqlFailed(Note):
    """Statements that failed."""

    host: str
    statement: str
    status: str
    phase: str
    detail: str


@dataclass(frozen=True, slots=True)
class Replication(Note):
    """Replication, as each replica says."""

    phase: str
    replica: str
    source: str | None
    receives: str | None
    applies: str | None
    error: str


@dataclass(frozen=True, slots=True)
class WriteRead(Note):
    """Rows written through one name and read through another.

    Attributes:
        read: the reader's name; empty where the row was not written.
        row: its text.
        after_ms: from the commit to the row's arrival at least: to the last read without it; None where no read was answered.
        before_ms: at most: to the first read with it; None where it was not read.
        error: why it was not written.
    """

    written: str
    read: str
    row: str
    after_ms: float | None = None
    before_ms: float | None = None
    error: str = ""


async def sql(run: Run, host: str, statement: str, login: Login = ROOT) -> Reply:
    """One statement over a connection of its own.

    It is no measurement: it waits longer than samples do, and tries again where a packet was lost before the statement
    was sent.
    """
    for _ in range(_TRIES):
        reply = await run.clients.ask("mysql", host, PORT, statement, login, timeout_s=5.0)
        if reply.outcome.status != "TIMEOUT" or reply.outcome.phase == "query":
            break
        await run.sleep(_RETRY_S)
    return reply


async def must(run: Run, host: str, *statements: str, login: Login = ROOT) -> bool:
    """Statements that have to succeed; the first that does not becomes a `SqlFailed`, and the rest is left."""
    for statement in statements:
        reply = await sql(run, host, statement, login)
        if not reply.ok:
            outcome = reply.outcome
            # Statements may hold a password; their first words say enough.
            what = " ".join(statement.split()[:3])
            run.note(SqlFailed(host, what, outcome.status, outcome.phase, outcome.detail))
            return False
    return True


async def make_primary(run: Run, host: str) -> bool:
    """Accounts for replicas and for an application, and a table, at the primary; replicas get them from there."""
    user, password = _REPLICATION
    return await must(
        run,
        host,
        f"CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{password}'",
        f"GRANT REPLICATION SLAVE ON *.* TO '{user}'@'%'",
        f"CREATE USER IF NOT EXISTS '{APP.user}'@'%' IDENTIFIED BY '{APP.password}'",
        f"GRANT SELECT, INSERT ON {DATABASE}.* TO '{APP.user}'@'%'",
        f"CREATE TABLE IF NOT EXISTS {DATABASE}.notes (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(60))",
    )


async def replicate(run: Run, replicas: Sequence[str], source: str) -> bool:
    """Let members follow a source that is named, never addressed: its name stays when its address changes.

    Args:
        run: under way.
        replicas: hosts, as in `sql`.
        source: the primary's name as replicas resolve it in their own pods, such as ``mysql-cluster-0.mysql-cluster``.

    Returns:
        Whether all of them follow it; each is a `Replication` with what SHOW SLAVE STATUS says.
    """
    user, password = _REPLICATION
    for host in replicas:
        done = await must(
            run,
            host,
            f"CHANGE MASTER TO MASTER_HOST='{source}', MASTER_USER='{user}', MASTER_PASSWORD='{password}', "
            f"MASTER_CONNECT_RETRY={_RETRY_S}",
            "START SLAVE",
        )
        if not done:
            return False
    return await follow(run, replicas, "set up")


async def follow(run: Run, replicas: Sequence[str], phase: str) -> bool:
    """Wait until all replicas follow their source; notes as in `replicate`."""

    async def all_follow() -> bool:
        found = [await status(run, host) for host in replicas]
        return all(one.get("Slave_IO_Running") == one.get("Slave_SQL_Running") == "Yes" for one in found)

    reached = await run.until(f"replicas follow ({phase})", all_follow, _LOOK_WITHIN_S)
    for host in replicas:
        found = await status(run, host)
        running = found.get("Slave_IO_Running"), found.get("Slave_SQL_Running")
        error = found.get("Last_IO_Error") or found.get("Last_SQL_Error") or ""
        run.note(Replication(phase, host, found.get("Master_Host"), *running, error))
    return bool(reached)


async def status(run: Run, replica: str) -> dict[str, str | None]:
    """SHOW SLAVE STATUS, the form that MySQL 8.0 and MariaDB both have; empty where it cannot be had."""
    return (await sql(run, replica, "SHOW SLAVE STATUS")).first()


async def write_and_read(run: Run, writer: str, readers: Sequence[str], row: str) -> bool:
    """Write a row through one name and wait until it is read through others; a `WriteRead` for each reader.

    Returns:
        Whether it was read everywhere.
    """
    written = await sql(run, writer, f"INSERT INTO {DATABASE}.notes (note) VALUES ('{row}')", APP)
    everywhere = written.ok
    for reader in readers if written.ok else ():
        least_ms, most_ms = await _arrival(run, reader, row, written)
        run.note(WriteRead(writer, reader, row, least_ms, most_ms))
        everywhere = everywhere and most_ms is not None
    if not written.ok:
        run.note(WriteRead(writer, "", row, error=f"{written.outcome.told} {written.outcome.detail}".strip()))
    return everywhere


async def _arrival(run: Run, reader: str, row: str, written: Reply) -> tuple[float | None, float | None]:
    statement = f"SELECT COUNT(*) FROM {DATABASE}.notes WHERE note = '{row}'"
    least_ns, waited_ns = None, 0
    while waited_ns <= _LOOK_WITHIN_S * 1e9:
        read = await sql(run, reader, statement, APP)
        waited_ns = max(0, read.sent_ns - written.received_ns)
        if read.rows == (("1",),):
            return round((least_ns or 0) / 1e6, 2), round((read.received_ns - written.sent_ns) / 1e6, 2)
        least_ns = waited_ns if read.ok else least_ns
        await run.sleep(_READ_EVERY_S)
    return None if least_ns is None else round(least_ns / 1e6, 2), None


# ---- what the run shows ----


def not_read(rows: Sequence[WriteRead]) -> Iterator[Finding]:
    """Rows that were not written, or not read where they should be."""
    for one in rows:
        what = f"the row {one.row!r}"
        if not one.read:
            clause = f"{what} was not written through {one.written}: {one.error}"
            yield unsure(clause) if one.error.startswith("TIMEOUT") else against(clause)
        elif one.before_ms is None and one.after_ms is None:
            yield unsure(f"{one.read} could not be asked for {what}")
        elif one.before_ms is None:
            yield against(f"{what} was not read at {one.read}")


def read_within(rows: Sequence[WriteRead]) -> str:
    """How long the last of them took to be read: an upper bound."""
    return ms(round(max((one.before_ms or 0 for one in rows), default=0) * 1e6))
