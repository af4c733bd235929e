"""A network in virtual time with fixed latencies, and clients that note what they see and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.model import Model
from kubesim.network import NETWORK_DELAYS, Network, Reply

# A quarter of a millisecond each way and nothing lost: instants are exact.
EXACT = {
    "dns_one_way": (0.00025, 0.00025),
    "tcp_one_way": (0.00025, 0.00025),
    "datagram_loss": (0.0, 0.0),
    "datagram_straggles": (0.0, 0.0),
}
POD = "10.244.1.5"
VIP = "10.96.0.20"


def network(seed: int = 1, **overrides: tuple[float, float]) -> Network:
    """A network on the running loop."""
    return Network(asyncio.get_running_loop(), Model(seed, NETWORK_DELAYS, EXACT | overrides))


def now_s() -> float:
    """The loop's time, without the noise of floating-point sums."""
    return round(asyncio.get_running_loop().time(), 9)


class Receiver:
    """Notes datagrams and errors with their instants."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, bytes | int | None]] = []

    def datagram(self, data: bytes) -> None:
        self.seen.append((now_s(), data))

    def error(self, exc: OSError) -> None:
        self.seen.append((now_s(), exc.errno))


class Client(asyncio.Protocol):
    """Notes what happens to a connection, with instants."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, str]] = []
        self.data = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.seen.append((now_s(), "made"))

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.seen.append((now_s(), data.decode()))

    def eof_received(self) -> None:
        self.seen.append((now_s(), "eof"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.seen.append((now_s(), type(exc).__name__ if exc else "closed"))


class Echo(asyncio.Protocol):
    """Sends back what it gets; keeps its instances."""

    def __init__(self, made: list[Echo] | None = None) -> None:
        self.lost: list[Exception | None] = []
        self.transport: asyncio.Transport
        if made is not None:
            made.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


def echo(payload: bytes, reply: Reply) -> None:
    """Answer a datagram with itself."""
    reply(payload)


def saying(text: bytes) -> Callable[[bytes, Reply], None]:
    """Answer every datagram with a text."""

    def handler(_payload: bytes, reply: Reply) -> None:
        reply(text)

    return handler
