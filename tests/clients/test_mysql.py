"""A real MySQL client library through the vantage: who answered, what failed and where, when a connection ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from chaos.clients import Clients, Dialer, Login
from chaos.clock import RunClock
from chaos.model import RunMeta, Series
from chaos.model.recording import Recorder
from chaos.probes import DnsView, Resolver
from tests.kubesim.mysql.mysql_lab import PASSWORD, MysqlLab, in_cluster

ROOT = Login("root", PASSWORD)
POD = "mysql-cluster-0"
NAME = f"{POD}.mysql-cluster"
_DNS = DnsView("service", "10.96.0.10")


class Desk:
    """Clients at a sandbox with one member, and what they wrote down."""

    def __init__(self, lab: MysqlLab, folder: Path) -> None:
        clock = RunClock(asyncio.get_running_loop())
        vantage = lab.sandbox.vantage
        self.recorder = Recorder(folder, RunMeta("test", True, datetime.now(UTC)))
        dialer = Dialer(vantage, Resolver(vantage, _DNS, 1.0), "default", "cluster.local")
        self.watched: set[int] = set()
        self.clients = Clients(dialer, clock, self.recorder, self.watched, 0.1, 1.0)

    def seen(self, series: Series) -> list[tuple[str, str, tuple[str, ...]]]:
        """Distinct outcomes in their order."""
        rows: list[tuple[str, str, tuple[str, ...]]] = []
        for observation in self.recorder.history.observations(series):
            row = (observation.outcome.status, observation.outcome.phase, observation.outcome.values)
            if row not in rows[-1:]:
                rows.append(row)
        return rows


def at_desk(test: Callable[[MysqlLab, Desk], Awaitable[None]], folder: Path) -> None:
    """Run a test in virtual time with one member that is ready."""

    async def main(lab: MysqlLab) -> None:
        await one_member(lab)
        desk = Desk(lab, folder)
        try:
            await test(lab, desk)
        finally:
            desk.recorder.close()

    in_cluster(main)


async def one_member(lab: MysqlLab) -> None:
    lab.apply("mysql-cluster.yaml", replicas=1)
    await lab.wait_ready(POD)
    await asyncio.sleep(1)


def test_a_question_is_answered_with_columns_and_rows(tmp_path: Path) -> None:
    async def test(lab: MysqlLab, desk: Desk) -> None:
        reply = await desk.clients.ask("mysql", NAME, 3306, "SELECT @@hostname, @@server_id, NULL", ROOT)
        assert (reply.ok, reply.columns, reply.rows) == (
            True,
            ("@@hostname", "@@server_id", "NULL"),
            ((POD, "100", None),),
        )
        assert reply.outcome.values == (f"{POD}\t100\tNULL",)
        assert reply.outcome.address == lab.pod(POD)["status"]["podIP"]

    at_desk(test, tmp_path)


def test_each_failure_has_its_phase_and_its_number(tmp_path: Path) -> None:
    async def test(lab: MysqlLab, desk: Desk) -> None:
        clients = desk.clients
        address = lab.pod(POD)["status"]["podIP"]

        async def told(host: str, port: int = 3306, login: Login = ROOT, question: str = "SELECT 1") -> tuple[str, str]:
            outcome = (await clients.ask("mysql", host, port, question, login)).outcome
            return outcome.status, outcome.phase

        assert await told("mysql-cluster-9.mysql-cluster") == ("NXDOMAIN", "resolve")
        assert await told(address, 3307) == ("ECONNREFUSED", "connect")
        assert await told("10.244.1.250") == ("TIMEOUT", "connect")
        assert await told(NAME, login=Login("root", "wrong")) == ("ERROR 1045", "handshake")
        assert await told(NAME, login=Login("root", PASSWORD, "nope")) == ("ERROR 1049", "handshake")
        assert await told(NAME, question="SELECT * FROM clusterdb.nothing") == ("ERROR 1146", "query")
        assert await told("10.96.0.10", 53) == ("TIMEOUT", "handshake"), "a server that says nothing"

    at_desk(test, tmp_path)


def test_samples_and_a_long_lived_connection_see_a_member_go_and_come(tmp_path: Path) -> None:
    async def test(lab: MysqlLab, desk: Desk) -> None:
        async with desk.clients:
            anew = desk.clients.watch("mysql", NAME, 3306, ROOT, pod=POD)
            held = desk.clients.hold("mysql", NAME, 3306, ROOT, pod=POD)
            await asyncio.sleep(2)
            uid = lab.pod(POD)["metadata"]["uid"]
            lab.sandbox.delete("Pod", POD)
            while lab.pod(POD).get("metadata", {}).get("uid") in (None, uid):
                await asyncio.sleep(0.1)
            await lab.wait_ready(POD)
            await asyncio.sleep(2)
        answered = ("OK", "query", (POD,))
        assert desk.seen(anew) == [answered, ("NXDOMAIN", "resolve", ()), answered]
        first, ended, *_, last = desk.seen(held)
        assert (first, ended, last) == (answered, ("EOF", "idle", ()), answered)
        assert desk.watched == {anew.id, held.id}
        marks = [details["series"] for _, what, details in desk.recorder.history.marks if what == "watching"]
        assert marks == [[anew.id], [held.id]], "reports show what a method watches"
        assert held.probe == "mysql-stream"

    at_desk(test, tmp_path)


def test_counted_samples_come_back_and_end(tmp_path: Path) -> None:
    async def test(lab: MysqlLab, desk: Desk) -> None:
        async with desk.clients:
            outcomes = await desk.clients.sample("mysql", NAME, 3306, 20, ROOT, period_s=0.02)
            assert [outcome.values for outcome in outcomes] == [(POD,)] * 20
            opened = desk.clients.counters()["client_connections"]
            assert desk.clients.counters()["client_dns_queries"] == opened == 20
            assert "watching" not in [what for _, what, _ in desk.recorder.history.marks], "counted, not watched"
            await asyncio.sleep(1)
            assert desk.clients.counters()["client_connections"] == opened

    at_desk(test, tmp_path)


def test_passwords_are_not_written_down(tmp_path: Path) -> None:
    async def test(lab: MysqlLab, desk: Desk) -> None:
        async with desk.clients:
            await desk.clients.sample("mysql", NAME, 3306, 3, ROOT)

    at_desk(test, tmp_path)
    assert PASSWORD not in "".join(file.read_text() for file in tmp_path.iterdir())
    assert PASSWORD not in repr(ROOT)
