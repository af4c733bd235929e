"""What does not fit into a datagram is asked for again over TCP, in the time of the same sample."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.model import Observation
from chaos.probes import DnsView, LocalHost, Resolver
from chaos.vantage.local import LocalVantage
from kubesim import run_virtual
from tests.fakes import FakeVantage, Responder, answer, framed, recorder, refused

NAME = "web-1.web.ns.svc.cluster.local"
VIEW = DnsView("service", "10.96.0.10")


def truncated(query: bytes) -> bytes:
    data = bytearray(answer(query))
    data[2] |= 0x02
    return bytes(data)


def right(query: bytes) -> bytes:
    return framed(answer(query, "10.244.1.7"))


def sample(
    folder: Path,
    tcp: Responder,
    *,
    probe: str = "dns",
    connect: Callable[[str, int], Exception | float] = lambda _address, _port: 0.003,
) -> tuple[Observation, FakeVantage, dict[str, int]]:
    """The first sample of a server that truncates every answer after 2 ms, and the host's counters."""

    async def main() -> tuple[Observation, FakeVantage, dict[str, int]]:
        clock, record = recorder(folder)
        vantage = FakeVantage(lambda query: [(0.002, truncated(query))])
        vantage.tcp_responder, vantage.connect = tcp, connect
        async with LocalHost(vantage, clock, record, [VIEW], 0.5) as host:
            series = record.open_series(
                probe=probe, record="A web-1.web", view="service", pod="", name=NAME, period_s=60.0, timeout_s=0.5
            )
            host.open(series, 0, 0.001)
            await asyncio.sleep(30)
            counters = host.counters()
        record.close()
        (seen,) = record.history.observations(series)
        return seen, vantage, counters

    return run_virtual(main())


@pytest.mark.parametrize("probe", ["dns", "cached", "lookup"])
def test_a_truncated_answer_is_asked_for_again_over_tcp(tmp_path: Path, probe: str) -> None:
    seen, vantage, counters = sample(tmp_path, lambda query: [(0.004, right(query))], probe=probe)
    assert (seen.outcome.status, seen.outcome.values) == ("NOERROR", ("10.244.1.7",))
    assert (seen.sent_ns, seen.received_ns) == (1_000_000, 10_000_000)
    assert [query[2:] for _, query in vantage.sent] == [query[2:] for _, query in vantage.sent_tcp]
    assert vantage.sent[0][1][:2] != vantage.sent_tcp[0][1][:2]
    assert (counters["dns_queries"], counters["dns_over_tcp"], counters["dns_stray_answers"]) == (2, 1, 0)


def test_an_answer_may_come_in_pieces(tmp_path: Path) -> None:
    def pieces(query: bytes) -> list[tuple[float, bytes | OSError]]:
        data = right(query)
        return [(0.001, data[:1]), (0.002, data[1:20]), (0.003, data[20:])]

    seen, _, _ = sample(tmp_path, pieces)
    assert (seen.outcome.values, seen.received_ns) == (("10.244.1.7",), 9_000_000)


def test_what_tcp_answers_counts_whatever_it_is(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda query: [(0.001, framed(answer(query, rcode=3)))])
    assert seen.outcome.status == "NXDOMAIN"


FAILURES: dict[str, Responder] = {
    "TIMEOUT": lambda _query: [],
    "EOF": lambda _query: [(0.001, OSError())],
    "ECONNREFUSED": lambda _query: [(0.001, refused())],
    "it answers another query": lambda query: [(0.001, framed(bytes([query[0] ^ 1]) + right(query)[3:]))],
    "it answers another question": lambda query: [(0.001, framed(right(query)[2:14] + b"\3foo\0\0\1\0\1"))],
    "truncated too": lambda query: [(0.001, framed(truncated(query)))],
}


@pytest.mark.parametrize("why", FAILURES)
def test_a_failure_over_tcp_leaves_the_answer_truncated_and_unknown(tmp_path: Path, why: str) -> None:
    seen, _, _ = sample(tmp_path, FAILURES[why])
    assert (seen.outcome.status, seen.outcome.detail.rpartition(": ")[2]) == ("TRUNCATED", why)
    assert seen.received_ns == (501_000_000 if why == "TIMEOUT" else 7_000_000)


def test_a_server_without_tcp_leaves_the_answer_truncated_and_unknown(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda _query: [], connect=lambda _address, _port: refused())
    assert (seen.outcome.status, seen.received_ns) == ("TRUNCATED", 3_000_000)
    assert seen.outcome.detail.endswith("over TCP: ECONNREFUSED")


def test_a_connection_that_hangs_ends_with_the_samples_time(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda _query: [], connect=lambda _address, _port: 10.0)
    assert (seen.outcome.status, seen.received_ns) == ("TRUNCATED", 501_000_000)


def test_a_prober_that_stops_ends_what_it_asks_over_tcp(tmp_path: Path) -> None:
    async def main() -> tuple[int, float]:
        clock, record = recorder(tmp_path)
        vantage = FakeVantage(lambda query: [(0.002, truncated(query))])
        vantage.connect = lambda _address, _port: 0.4
        async with LocalHost(vantage, clock, record, [VIEW], 0.5) as host:
            series = record.open_series(
                probe="dns", record="A web-1.web", view="service", pod="", name=NAME, period_s=60.0, timeout_s=0.5
            )
            host.open(series, 0, 0.001)
            await asyncio.sleep(0.1)
        record.close()
        return len(record.history.samples[series.id]), clock.now_s()

    assert run_virtual(main()) == (0, 0.1)


def test_a_lookup_says_how_many_queries_it_took(tmp_path: Path) -> None:
    seen, _, _ = sample(tmp_path, lambda query: [(0.001, right(query))], probe="lookup")
    assert seen.outcome.detail == "2 queries"


async def test_it_works_over_real_sockets() -> None:
    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(truncated(data), addr)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(right(query))
        await reader.read()  # until the client has gone
        writer.close()
        await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    tcp = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(Server, local_addr=("127.0.0.1", port))
    async with tcp:
        resolver = Resolver(LocalVantage(), DnsView("service", "127.0.0.1", port=port), 5.0)
        found = await resolver.locate(NAME)
        udp.close()
        await gone.wait()
    assert (found[0].status, found[1], resolver.sent) == ("NOERROR", "10.244.1.7", 2)


def test_bits_of_the_local_vantage_are_drawn_from_all_there_are() -> None:
    vantage = LocalVantage()
    drawn = {vantage.random_16_bits() for _ in range(10_000)}
    assert len(drawn) > 9000  # 9,276 are expected
    assert min(drawn) < 100
    assert max(drawn) > 65_435
