"""What experiments with MySQL share: who logs in, and how a primary and its replicas are set up by stable names."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.experiment import Login, Reply, Run

PORT = 3306
DATABASE = "clusterdb"
ROOT = Login("root", "cluster-password")  # as in mysql-cluster.yaml
APP = Login("app", "app-password", DATABASE)
_REPLICATION = ("repl", "replication-password")
_RETRY_S = 1
_TRIES = 3
_LOOK_WITHIN_S = 20.0
_READ_EVERY_S = 0.002


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
    """Statements that have to succeed; the first that does not becomes a fact ``sql-failed``, and the rest is left."""
    for statement in statements:
        reply = await sql(run, host, statement, login)
        if not reply.ok:
            outcome = reply.outcome
            # Statements may hold a password; their first words say enough.
            what = " ".join(statement.split()[:3])
            run.mark(
                "sql-failed",
                host=host,
                statement=what,
                status=outcome.status,
                phase=outcome.phase,
                detail=outcome.detail,
            )
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
        Whether all of them follow it; each is a fact ``replication`` with what SHOW SLAVE STATUS says.
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
    """Wait until all replicas follow their source; facts as in `replicate`."""

    async def all_follow() -> bool:
        found = [await status(run, host) for host in replicas]
        return all(one.get("Slave_IO_Running") == one.get("Slave_SQL_Running") == "Yes" for one in found)

    reached = await run.until(f"replicas follow ({phase})", all_follow, _LOOK_WITHIN_S)
    for host in replicas:
        found = await status(run, host)
        run.mark(
            "replication",
            phase=phase,
            replica=host,
            source=found.get("Master_Host"),
            receives=found.get("Slave_IO_Running"),
            applies=found.get("Slave_SQL_Running"),
            error=found.get("Last_IO_Error") or found.get("Last_SQL_Error") or "",
        )
    return bool(reached)


async def status(run: Run, replica: str) -> dict[str, str | None]:
    """SHOW SLAVE STATUS, the form that MySQL 8.0 and MariaDB both have; empty where it cannot be had."""
    return (await sql(run, replica, "SHOW SLAVE STATUS")).first()


async def write_and_read(run: Run, writer: str, readers: Sequence[str], note: str, kind: str) -> bool:
    """Write a row through one name and wait until it is read through others; a fact for each reader.

    The fact's ``after_ms`` and ``before_ms`` bound the time from the commit to the row's arrival: between the last read
    without it and the first with it.

    Returns:
        Whether it was read everywhere.
    """
    written = await sql(run, writer, f"INSERT INTO {DATABASE}.notes (note) VALUES ('{note}')", APP)
    everywhere = written.ok
    for reader in readers if written.ok else ():
        least_ms, most_ms = await _arrival(run, reader, note, written)
        run.mark(kind, written=writer, read=reader, row=note, after_ms=least_ms, before_ms=most_ms)
        everywhere = everywhere and most_ms is not None
    if not written.ok:
        run.mark(kind, written=writer, read="", row=note, status=written.outcome.status, detail=written.outcome.detail)
    return everywhere


async def _arrival(run: Run, reader: str, note: str, written: Reply) -> tuple[float, float | None]:
    statement = f"SELECT COUNT(*) FROM {DATABASE}.notes WHERE note = '{note}'"
    least_ns = 0
    while True:
        read = await sql(run, reader, statement, APP)
        if read.rows == (("1",),):
            return round(least_ns / 1e6, 2), round((read.received_ns - written.sent_ns) / 1e6, 2)
        least_ns = max(0, read.sent_ns - written.received_ns)
        if least_ns > _LOOK_WITHIN_S * 1e9:
            return round(least_ns / 1e6, 2), None
        await run.sleep(_READ_EVERY_S)
