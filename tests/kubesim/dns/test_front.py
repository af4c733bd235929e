"""The loopback front, in real time: what other programs see."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import dns.asyncquery
import dns.message

from kubesim.dns import DNS_DELAYS, CoreDNS, DnsFront, serve_loopback
from kubesim.dns.tcp_server import DnsOverTcp
from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network, Reply
from kubesim.simclock import SimClock
from kubesim.store import Store
from kubesim.truth import Truth

_QUICK = {"datagram_loss": (0.0, 0.0), "datagram_straggles": (0.0, 0.0), "dns_one_way": (0.0, 0.0)}
_QUERY = dns.message.make_query("dns-version.cluster.local.", "TXT")


@asynccontextmanager
async def _front() -> AsyncIterator[DnsFront]:
    loop = asyncio.get_running_loop()
    clock = SimClock(loop, datetime(2026, 1, 1, tzinfo=UTC))
    model = Model(1, NETWORK_DELAYS + DNS_DELAYS, _QUICK)
    network = Network(loop, model, "loopback")
    server = CoreDNS(Store(clock, 1), clock, model, Truth(), "coredns-1")
    server.start()

    def on_datagram(query: bytes, reply: Reply) -> None:
        answer = server.answer(query)
        assert answer is not None
        reply(answer)

    network.add_host("10.244.1.2")
    await network.listen_udp("10.244.1.2", 53, on_datagram)
    await network.listen_tcp("10.244.1.2", 53, lambda: DnsOverTcp(loop, server, lambda: 0.0))
    for protocol in ("UDP", "TCP"):
        network.set_service("10.96.0.10", 53, protocol, (("10.244.1.2", 53),))
    front = await serve_loopback(network, "10.96.0.10")
    try:
        yield front
    finally:
        front.close()
        server.stop()
        await network.close()


async def test_it_answers_over_udp() -> None:
    async with _front() as front:
        answer = await dns.asyncquery.udp(_QUERY, front.host, port=front.port, timeout=5)
        assert answer.answer[0][0].to_text() == '"1.1.0"'


async def test_it_answers_over_tcp_at_the_same_port() -> None:
    async with _front() as front:
        answer = await dns.asyncquery.tcp(_QUERY, front.host, port=front.port, timeout=5)
        assert answer.answer[0][0].to_text() == '"1.1.0"'


async def test_two_queries_in_pieces_over_one_connection_get_two_answers() -> None:
    async with _front() as front:
        reader, writer = await asyncio.open_connection(front.host, front.port)
        wire = _QUERY.to_wire()
        message = struct.pack("!H", len(wire)) + wire
        writer.write(message + message[:7])
        first = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(message[7:])
        second = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        assert first == second
        writer.close()
        await writer.wait_closed()


async def test_a_service_without_endpoints_resets_the_connection() -> None:
    loop = asyncio.get_running_loop()
    network = Network(loop, Model(1, NETWORK_DELAYS), "loopback")
    network.set_service("10.96.0.10", 53, "TCP", ())
    front = await serve_loopback(network, "10.96.0.10")
    reader, writer = await asyncio.open_connection(front.host, front.port)
    try:
        assert await reader.read() == b""
    except ConnectionResetError:
        pass
    finally:
        writer.close()
        front.close()
        await network.close()
