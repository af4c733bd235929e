"""The wire of real time; real sockets, hence real time, but only as much as it takes."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator

import pytest

from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network
from kubesim.network.hosts import Hosts
from kubesim.network.loopback_tcp import LoopbackTcp
from kubesim.network.losses import Datagrams
from tests.kubesim.network.net_lab import POD, VIP, Echo, echo, saying

_QUICK = {
    "dns_one_way": (0.0, 0.0),
    "tcp_one_way": (0.0, 0.0),
    "datagram_loss": (0.0, 0.0),
    "datagram_straggles": (0.0, 0.0),
}


class _Inbox:
    """Lets a test wait for datagrams and errors."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | int | None] = asyncio.Queue()

    def datagram(self, data: bytes) -> None:
        self._queue.put_nowait(data)

    def error(self, exc: OSError) -> None:
        self._queue.put_nowait(exc.errno)

    async def next(self) -> bytes | int | None:
        async with asyncio.timeout(5):
            return await self._queue.get()

    def is_empty(self) -> bool:
        return self._queue.empty()


@pytest.fixture
async def net() -> AsyncIterator[Network]:
    made = Network(asyncio.get_running_loop(), Model(1, NETWORK_DELAYS, _QUICK), "loopback")
    yield made
    await made.close()


async def _open(net: Network, address: str = POD) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = await net.open_tcp(lambda: protocol, address, 80)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def test_datagrams_go_there_and_back(net: Network) -> None:
    net.add_host(POD)
    await net.listen_udp(POD, 53, echo)
    inbox = _Inbox()
    port = net.open_udp(POD, 53, inbox)
    port.send(b"hi")
    assert await inbox.next() == b"hi"
    port.close()


async def test_the_models_latency_is_added() -> None:
    loop = asyncio.get_running_loop()
    slow = Network(loop, Model(1, NETWORK_DELAYS, _QUICK | {"dns_one_way": (0.01, 0.01)}), "loopback")
    slow.add_host(POD)
    await slow.listen_udp(POD, 53, echo)
    inbox = _Inbox()
    port = slow.open_udp(POD, 53, inbox)
    sent_s = loop.time()
    port.send(b"hi")
    assert await inbox.next() == b"hi"
    assert loop.time() - sent_s >= 0.02 - 0.001  # epoll rounds to milliseconds
    port.close()
    await slow.close()


async def test_closed_ports_refuse_and_absent_hosts_are_silent(net: Network) -> None:
    net.add_host(POD)
    listener = await net.listen_udp(POD, 53, echo)
    listener.close()
    refused, silent = _Inbox(), _Inbox()
    ports = [net.open_udp("10.244.9.9", 53, silent), net.open_udp(POD, 53, refused)]
    for port in ports:
        port.send(b"hi")
    assert await refused.next() == errno.ECONNREFUSED
    assert silent.is_empty()
    for port in ports:
        port.close()


async def test_a_refusal_that_is_lost_never_comes(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    net.add_host(POD)
    inbox = _Inbox()
    port = net.open_udp(POD, 54, inbox)
    there_there_back_back = iter([0.0, 0.0, -1.0, 0.0])
    monkeypatch.setattr(Datagrams, "under_way_s", lambda _: next(there_there_back_back))
    port.send(b"its refusal is lost")
    port.send(b"its refusal arrives")
    assert await inbox.next() == errno.ECONNREFUSED
    assert list(there_there_back_back) == []
    assert inbox.is_empty()
    port.close()


async def test_a_service_without_backends_rejects(net: Network) -> None:
    net.set_service(VIP, 53, "UDP", ())
    net.set_service(VIP, 80, "TCP", ())
    inbox = _Inbox()
    port = net.open_udp(VIP, 53, inbox)
    port.send(b"hi")
    assert [await inbox.next(), await inbox.next()] == [errno.EPERM, errno.ECONNREFUSED]
    port.close()
    with pytest.raises(ConnectionRefusedError):
        await _open(net, VIP)


async def test_a_source_port_keeps_its_backend(net: Network) -> None:
    for ip in ("10.244.1.2", "10.244.2.2"):
        net.add_host(ip)
        await net.listen_udp(ip, 53, saying(ip.encode()))
    net.set_service(VIP, 53, "UDP", (("10.244.1.2", 53), ("10.244.2.2", 53)))
    inbox = _Inbox()
    port = net.open_udp(VIP, 53, inbox)
    for _ in range(20):
        port.send(b"")
    assert len({await inbox.next() for _ in range(20)}) == 1
    port.close()


async def test_a_connection_echoes_and_ends_with_eof_when_its_listener_closes(net: Network) -> None:
    net.add_host(POD)
    listener = await net.listen_tcp(POD, 80, Echo)
    reader, writer = await _open(net)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    listener.close()
    assert await reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await _open(net)
    writer.close()
    await writer.wait_closed()


async def test_a_removed_hosts_connections_stall(net: Network) -> None:
    """The server's writes and its close do not get out either; an exchange with another host shows that time passed."""
    net.add_host(POD)
    net.add_host("10.244.1.6")
    made: list[Echo] = []
    stalled = await net.listen_tcp(POD, 80, lambda: Echo(made))
    await net.listen_tcp("10.244.1.6", 80, Echo)
    reader, writer = await _open(net)
    other_reader, other_writer = await _open(net, "10.244.1.6")
    net.remove_host(POD)
    writer.write(b"anybody there?")
    made[0].transport.write(b"nobody hears this")
    stalled.close()
    other_writer.write(b"x")
    assert await other_reader.readexactly(1) == b"x"
    assert not reader.at_eof()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await reader.read(1)
    for w in (writer, other_writer):
        w.close()


async def test_a_connect_to_nowhere_waits(net: Network) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await _open(net, "10.244.9.9")


async def test_a_closed_listener_is_forgotten_with_its_last_connection() -> None:
    loop, hosts = asyncio.get_running_loop(), Hosts()
    hosts.add(POD)
    tcp, made = LoopbackTcp(loop, hosts), list[Echo]()
    listener = await tcp.listen(POD, 80, lambda: Echo(made))
    reader = asyncio.StreamReader(loop=loop)
    transport = await tcp.connect((POD, 80), lambda: asyncio.StreamReaderProtocol(reader, loop=loop))
    async with asyncio.timeout(5):
        while not (made and hasattr(made[0], "transport")):
            await asyncio.sleep(0)
        listener.close()
        assert len(tcp._doors) == 1
        assert await reader.read() == b""
        while tcp._doors:
            await asyncio.sleep(0)
    transport.close()
    await asyncio.sleep(0)
