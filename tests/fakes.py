"""A network that does what a test says, in virtual time."""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset

from chaos.clock import RunClock
from chaos.model import RunMeta
from chaos.model.recording import Recorder
from chaos.vantage import UdpPort, UdpReceiver

Responder = Callable[[bytes], list[tuple[float, bytes | OSError]]]


class FakePort:
    """Delivers what the responder returns: (delay_s, datagram or error)."""

    def __init__(self, network: FakeVantage, receiver: UdpReceiver) -> None:
        self._network = network
        self._receiver = receiver
        self._closed = False

    def send(self, payload: bytes) -> None:
        self._network.sent.append((asyncio.get_running_loop().time(), payload))
        for delay_s, what in self._network.responder(payload):
            asyncio.get_running_loop().call_later(delay_s, self._deliver, what)

    def _deliver(self, what: bytes | OSError) -> None:
        if self._closed:
            return
        if isinstance(what, OSError):
            self._receiver.error(what)
        else:
            self._receiver.datagram(what)

    def close(self) -> None:
        self._closed = True


class FakeTransport(asyncio.Transport):
    """The client's end of a connection to a DNS server: delivers what it answers."""

    def __init__(self, network: FakeVantage, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._network = network
        self._protocol = protocol
        self._ended = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        query = bytes(data)[2:]
        self._network.sent_tcp.append((asyncio.get_running_loop().time(), query))
        for delay_s, what in self._network.tcp_responder(query):
            asyncio.get_running_loop().call_later(delay_s, self._deliver, what)

    def _deliver(self, what: bytes | OSError) -> None:
        if self._ended:
            return
        if isinstance(what, bytes):
            self._protocol.data_received(what)
        else:
            self._ended = True
            self._protocol.connection_lost(what if what.errno else None)

    def abort(self) -> None:
        self._ended = True


def framed(message: bytes) -> bytes:
    """A DNS message as TCP carries it."""
    return len(message).to_bytes(2, "big") + message


class FakeVantage:
    """Answers datagrams by a function, and TCP by another; counts what was opened."""

    name = "fake"

    def __init__(self, responder: Responder) -> None:
        self.responder = responder
        self.sent: list[tuple[float, bytes]] = []
        self.ports = 0
        self.sent_tcp: list[tuple[float, bytes]] = []
        self.tcp_responder: Responder = lambda _query: []
        self._random = random.Random(1)
        self.connect: Callable[[str, int], Exception | float] = lambda _address, _port: refused()

    def random_16_bits(self) -> int:
        return self._random.getrandbits(16)

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        self.ports += 1
        return FakePort(self, receiver)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        result = self.connect(address, port)
        if isinstance(result, Exception):
            raise result
        await asyncio.sleep(result)
        protocol = factory()
        transport = FakeTransport(self, protocol)
        protocol.connection_made(transport)
        return transport


def refused() -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def answer(query: bytes, *addresses: str, ttl: int = 30, rcode: int = 0) -> bytes:
    """A DNS answer to a query, with these A records."""
    return query[:2] + _without_id(bytes(2) + query[2:], addresses, ttl, rcode)


@cache
def _without_id(query: bytes, addresses: tuple[str, ...], ttl: int, rcode: int) -> bytes:
    """All but the id; the same questions are asked hundreds of times."""
    message = dns.message.make_response(dns.message.from_wire(query))
    message.set_rcode(dns.rcode.Rcode(rcode))
    if addresses:
        name = message.question[0].name
        message.answer.append(dns.rrset.from_text(name, ttl, "IN", "A", *addresses))
    return message.to_wire()[2:]


def recorder(folder: Path) -> tuple[RunClock, Recorder]:
    """A clock of the running loop and a recorder in a folder."""
    clock = RunClock(asyncio.get_running_loop(), datetime(2026, 1, 1, tzinfo=UTC))
    return clock, Recorder(folder, RunMeta("test", simulated=True, started_at=clock.started_at))
