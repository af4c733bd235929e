"""What experiments with MySQL share: who logs in, who answers, and how a primary and its replicas are set up by stable names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chaos.experiment import (
    Answered,
    Finding,
    Interval,
    Login,
    Note,
    Reading,
    Reply,
    Run,
    Workload,
    against_if,
    at_most_ms,
    between,
    checker,
    count,
    holds,
    need,
    note_answers,
    notes,
    unsure,
)

MEMBERS = ("mysql-cluster-0", "mysql-cluster-1", "mysql-cluster-2")
NAMED = tuple(f"{pod}.mysql-cluster" for pod in MEMBERS)
PORT = 3306
DATABASE = "clusterdb"
ROOT = Login("root", "cluster-password")  # as in mysql-cluster.yaml
APP = Login("app", "app-password", DATABASE)
_REPLICATION = ("repl", "replication-password")
_RETRY_S = 1
_TRIES = 3
_LOOK_WITHIN_S = 20.0
# So much of that time a row must have been seen to be missing before it counts as lost.
_LOOKED_S = 0.95 * _LOOK_WITHIN_S
_READ_EVERY_S = 0.002
_NS_PER_MS = 1_000_000


class SqlFailed(Note):
    """Statements that failed.

    Attributes:
        statement: its first words: statements may hold a password.
    """

    host: str
    statement: str
    status: str
    phase: str
    detail: str


class Replication(Note):
    """Replicas, as SHOW SLAVE STATUS says.

    Attributes:
        phase: of the method.
        receives: ``Yes``, ``Connecting`` or ``No``; None where the replica did not say. `applies` likewise.
        error: empty where it names none.
    """

    phase: str
    replica: str
    source: str | None
    receives: str | None
    applies: str | None
    error: str


class WriteRead(Note):
    """A row written at the primary and read at a replica (milliseconds from the commit).

    Attributes:
        read: where; empty where the row could not be written.
        status: of the write, as in `Outcome.told`.
        heard: whether the write was answered at all.
        after_ms: when the last read was answered without the row.
        before_ms: when the first read was answered with it; None where none was.
    """

    written: str
    read: str
    row: str
    status: str
    heard: bool
    after_ms: float
    before_ms: float | None


def cluster(manifest: str) -> Workload:
    """Three members below the headless service mysql-cluster."""
    return Workload(manifests=(manifest,), statefulset="mysql-cluster", service="mysql-cluster", port=PORT)


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
            what, said = " ".join(statement.split()[:3]), reply.outcome
            run.note(SqlFailed(host, what, said.status, said.phase, said.detail))
            return False
    return True


async def sql_answers(
    run: Run, kind: type[Answered], name: str, times: int, login: Login, *, period_s: float = 0.02, **details: Any
) -> None:
    """Ask SELECT @@hostname so many times, each over a connection of its own; one note with the counts."""
    outcomes = await run.clients.sample("mysql", name, PORT, times, login, period_s=period_s)
    note_answers(run, kind, name, outcomes, **details)


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
        Whether all of them follow it; of each a `Replication` is written down.
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
        await note_replication(run, host, phase)
    return bool(reached)


async def note_replication(run: Run, replica: str, phase: str) -> None:
    """Write down what a replica says of itself."""
    found = await status(run, replica)
    source, receives, applies = (found.get(k) for k in ("Master_Host", "Slave_IO_Running", "Slave_SQL_Running"))
    error = found.get("Last_IO_Error") or found.get("Last_SQL_Error") or ""
    run.note(Replication(phase, replica, source, receives, applies, error))


async def status(run: Run, replica: str) -> dict[str, str | None]:
    """SHOW SLAVE STATUS, the form that MySQL 8.0 and MariaDB both have; empty where it cannot be had."""
    return (await sql(run, replica, "SHOW SLAVE STATUS")).first()


async def write_and_read(run: Run, writer: str, readers: Sequence[str], note: str) -> bool:
    """Write a row through one name and wait until it is read through others; a note for each reader.

    Returns:
        Whether it was read everywhere.
    """

    def write_down(reader: str, after_ms: float, before_ms: float | None) -> None:
        said = written.outcome
        run.note(WriteRead(writer, reader, note, said.told, said.says_something, after_ms, before_ms))

    written = await sql(run, writer, f"INSERT INTO {DATABASE}.notes (note) VALUES ('{note}')", APP)
    if not written.ok:
        write_down("", 0.0, None)
        return False
    everywhere = True
    for reader in readers:
        least_ms, most_ms = await _arrival(run, reader, note, written)
        write_down(reader, least_ms, most_ms)
        everywhere = everywhere and most_ms is not None
    return everywhere


async def _arrival(run: Run, reader: str, note: str, written: Reply) -> tuple[float, float | None]:
    """As in `WriteRead`; a read that was not answered says nothing."""
    statement = f"SELECT COUNT(*) FROM {DATABASE}.notes WHERE note = '{note}'"
    least_ns = 0
    while run.now_ns() - written.received_ns <= _LOOK_WITHIN_S * 1e9:
        read = await sql(run, reader, statement, APP)
        if read.rows == (("1",),):
            return round(least_ns / _NS_PER_MS, 2), round((read.received_ns - written.sent_ns) / _NS_PER_MS, 2)
        if read.ok:
            least_ns = max(0, read.sent_ns - written.received_ns)
        await run.sleep(_READ_EVERY_S)
    return round(least_ns / _NS_PER_MS, 2), None


# ---- reading it ----


@checker("report.md: Measured")
def rows_arrive(reading: Reading) -> Iterator[Finding]:
    """A row written at the primary, found by its name, is read at replicas, before and after its replacement."""
    found = notes(reading, WriteRead)
    rows = {one.row for one in found}
    yield from (
        unsure(f"no row was written {when} the replacement") for when in ("before", "after") if when not in rows
    )
    yield from not_read(found)
    yield holds(f"Each row was read: {arrivals(found)}.")


def arrivals(found: Sequence[WriteRead]) -> str:
    """When each row was read, for people."""
    read = [(one, one.before_ms) for one in found if one.before_ms is not None]
    need(read, "no row was read")
    return ", ".join(
        f"the row {one.row!r} at {one.read.partition('.')[0]} {between(_ns(one.after_ms, most_ms))} after its commit"
        for one, most_ms in read
    )


def _ns(least_ms: float, most_ms: float) -> Interval:
    return Interval(round(least_ms * _NS_PER_MS), round(most_ms * _NS_PER_MS))


def row_arrives(reading: Reading, row: str, missing: str) -> Iterator[Finding]:
    """A row that was written through one name is read at each other; `missing` is what to say where none was written."""
    rows = notes(reading, WriteRead, row=row)
    need(rows, missing)
    yield from not_read(rows)
    read_ms = [one.before_ms for one in rows if one.before_ms is not None]
    need(read_ms, "no row was read")
    names = count(len(rows), "other name")
    last = at_most_ms(round(max(read_ms) * _NS_PER_MS))
    yield holds(f"A row written through {rows[0].written} was read at each of {names} {last} after its commit.")


def not_read(rows: Sequence[WriteRead]) -> Iterator[Finding]:
    """Rows that were not written, or not read where they should be."""
    for one in rows:
        if not one.read:
            yield against_if(one.heard, f"the row {one.row!r} could not be written through {one.written}: {one.status}")
        elif one.before_ms is None:
            yield against_if(one.after_ms >= _LOOKED_S * 1000, f"the row {one.row!r} was not read at {one.read}")
