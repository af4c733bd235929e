"""How client libraries get through the vantage: names, addresses, and errors as an operating system gives them."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import pytest

from chaos.clients import Dialer
from chaos.probes import DnsView, Resolver
from chaos.vantage import UdpPort, UdpReceiver
from kubesim import run_virtual
from tests.fakes import FakeVantage, answer

_VIEW = DnsView("service", "10.96.0.10")


class _Echo(asyncio.Transport):
    """Sends back what is written."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._protocol.data_received(bytes(data))

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True


class _EchoingVantage:
    """Answers every query in the same way, and every connection with an echo."""

    name = "echo"

    def __init__(self, *addresses: str, rcode: int = 0) -> None:
        self._dns = FakeVantage(lambda query: [(0.001, answer(query, *addresses, rcode=rcode))])
        self.connected: list[tuple[str, int]] = []

    @property
    def queries(self) -> int:
        return len(self._dns.sent)

    def random_16_bits(self) -> int:
        return self._dns.random_16_bits()

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        return self._dns.open_udp(address, port, receiver)

    async def open_tcp(self, factory: object, address: str, port: int) -> asyncio.Transport:
        self.connected.append((address, port))
        assert callable(factory)
        protocol = factory()
        transport = _Echo(protocol)
        protocol.connection_made(transport)
        return transport


def _dialer(vantage: _EchoingVantage) -> Dialer:
    return Dialer(vantage, Resolver(vantage, _VIEW, 1.0), "shop", "cluster.local")


def test_each_connection_asks_cluster_dns_anew() -> None:
    async def main() -> None:
        vantage = _EchoingVantage("10.244.1.5")
        dialer = _dialer(vantage)
        for _ in range(2):
            reader, writer = await dialer.open("db-0.db", 6379)
            writer.write(b"hello")
            await writer.drain()
            assert await reader.readexactly(5) == b"hello"
            writer.close()
        assert vantage.connected == [("10.244.1.5", 6379)] * 2
        assert vantage.queries == 2

    run_virtual(main())


def test_an_address_is_taken_as_it_is() -> None:
    async def main() -> None:
        vantage = _EchoingVantage()
        _, writer = await _dialer(vantage).open("10.244.1.5", 6379)
        writer.close()
        assert vantage.connected == [("10.244.1.5", 6379)]
        assert vantage.queries == 0

    run_virtual(main())


@pytest.mark.parametrize(
    ("host", "absolute"),
    [
        ("db-0.db", "db-0.db.shop.svc.cluster.local"),
        ("db", "db.shop.svc.cluster.local"),
        ("db-0.db.other.svc.cluster.local", "db-0.db.other.svc.cluster.local"),
        ("example.org.", "example.org"),
    ],
)
def test_names_belong_to_the_runs_namespace_unless_they_are_spelled_out(host: str, absolute: str) -> None:
    async def main() -> None:
        assert _dialer(_EchoingVantage()).absolute(host) == absolute

    run_virtual(main())


@pytest.mark.parametrize(("rcode", "code"), [(3, socket.EAI_NONAME), (0, socket.EAI_NONAME), (2, socket.EAI_AGAIN)])
def test_a_name_that_is_not_found_fails_as_getaddrinfo_fails(rcode: int, code: int) -> None:
    async def main() -> None:
        vantage = _EchoingVantage(rcode=rcode)
        with pytest.raises(socket.gaierror) as caught:
            await _dialer(vantage).open("db-0.db", 6379)
        assert caught.value.errno == code
        assert "db-0.db.shop.svc.cluster.local" in str(caught.value)
        assert vantage.connected == []

    run_virtual(main())


def test_no_client_library_is_imported_before_it_is_used() -> None:
    script = "import sys, chaos.engine.execution; print([m for m in ('redis', 'aiomysql') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
