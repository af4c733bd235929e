"""Connection samples over real sockets on loopback: each failure keeps its errno and the phase it happened in."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from chaos.model import Outcome
from chaos.model.series import Series
from chaos.probes import ConnectionProber, DnsView, Resolver, StreamProber
from chaos.probes.http import parse_response
from chaos.vantage.local import LocalVantage
from tests.fakes import FakeVantage, answer, recorder

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ByName(LocalVantage):
    """Real TCP; names resolve as the test says."""

    def __init__(self, dns: FakeVantage) -> None:
        super().__init__()
        self.open_udp = dns.open_udp  # type: ignore[method-assign]


async def one_sample(folder: Path, probe: str, name: str, port: int, dns: FakeVantage | None = None) -> Outcome:
    """What the first sample finds."""
    clock, record = recorder(folder)
    vantage = LocalVantage() if dns is None else ByName(dns)
    resolver = Resolver(vantage, DnsView("service", "127.0.0.1"), 0.2)
    series = record.open_series(probe=probe, record="r", view="", pod="web-1", name=name, period_s=10.0, timeout_s=0.5)
    async with ConnectionProber(vantage, clock, record, resolver) as prober:
        prober.add(series, port, 0.0)
        while not record.history.samples[series.id]:
            await asyncio.sleep(0)
    record.close()
    return next(record.history.observations(series)).outcome


async def serving(handler: Handler) -> tuple[asyncio.Server, int]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The unit's page, again and again on one connection."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nHello from web-1\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_who_answered_is_read_from_the_page(tmp_path: Path) -> None:
    server, port = await serving(hello)
    async with server:
        found = await one_sample(tmp_path, "http", "127.0.0.1", port)
    assert found == Outcome("OK", phase="response", values=("web-1",), address="127.0.0.1")


async def test_a_tcp_sample_only_connects(tmp_path: Path) -> None:
    server, port = await serving(hello)
    async with server:
        found = await one_sample(tmp_path, "tcp", "127.0.0.1", port)
    assert found == Outcome("OK", phase="connect", address="127.0.0.1")


async def test_a_closed_port_is_refused_while_connecting(tmp_path: Path) -> None:
    found = await one_sample(tmp_path, "http", "127.0.0.1", closed_port())
    assert (found.status, found.phase) == ("ECONNREFUSED", "connect")


async def test_a_server_that_hangs_up_ends_the_response(tmp_path: Path) -> None:
    server, port = await serving(hangs_up)
    async with server:
        found = await one_sample(tmp_path, "http", "127.0.0.1", port)
    assert (found.status, found.phase) == ("EOF", "response")


async def test_a_name_that_does_not_resolve_is_a_failure_of_the_resolve_phase(tmp_path: Path) -> None:
    dns = FakeVantage(lambda query: [(0.0, answer(query, rcode=3))])
    found = await one_sample(tmp_path, "http", "web-1.web.ns.svc.cluster.local", 80, dns)
    assert (found.status, found.phase, found.address) == ("NXDOMAIN", "resolve", "")


async def test_a_silent_dns_server_is_a_timeout_of_the_resolve_phase(tmp_path: Path) -> None:
    found = await one_sample(tmp_path, "http", "web-1.web.ns.svc.cluster.local", 80, FakeVantage(lambda _: []))
    assert (found.status, found.phase) == ("TIMEOUT", "resolve")


async def test_a_name_is_resolved_and_then_connected_to(tmp_path: Path) -> None:
    server, port = await serving(hello)
    dns = FakeVantage(lambda query: [(0.0, answer(query, "127.0.0.1"))])
    async with server:
        found = await one_sample(tmp_path, "http", "web-1.web.ns.svc.cluster.local", port, dns)
    assert found == Outcome("OK", phase="response", values=("web-1",), address="127.0.0.1")


async def test_the_end_of_an_idle_long_lived_connection_is_a_sample_of_its_own(tmp_path: Path) -> None:
    closing = asyncio.Event()

    async def until_told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nHello from web-1\n")
        await closing.wait()
        writer.close()

    server, port = await serving(until_told)
    clock, record = recorder(tmp_path)
    vantage = ByName(FakeVantage(lambda query: [(0.0, answer(query, "127.0.0.1"))]))
    resolver = Resolver(vantage, DnsView("service", "127.0.0.1"), 0.2)
    series: Series = record.open_series(
        probe="stream", record="r", view="", pod="web-1", name="web-1.web", period_s=60.0, timeout_s=5.0
    )
    samples = record.history.samples[series.id]
    async with server, asyncio.timeout(10):
        task = asyncio.create_task(StreamProber(vantage, clock, record, resolver, series, port).run())
        while len(samples) < 1:
            await asyncio.sleep(0)
        closing.set()
        while len(samples) < 2:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    record.close()
    seen = [o.outcome for o in record.history.observations(series)]
    assert [(o.status, o.phase) for o in seen] == [("OK", "response"), ("EOF", "idle")]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nHello from", None),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "OK"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "HTTP 503"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "MALFORMED"),
    ],
)
def test_responses_are_read_to_their_end(data: bytes, status: str | None) -> None:
    found = parse_response(data)
    assert (found.status if found else None) == status
