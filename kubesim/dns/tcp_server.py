"""DNS over TCP: messages behind their length."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

DNS_PORT = 53
_IDLE_S = 10  # CoreDNS's idle timeout of a TCP connection
_LENGTH_BYTES = 2


class Responder(Protocol):
    """What answers messages."""

    def respond(self, query: bytes, *, tcp: bool = False) -> tuple[bytes | None, float]:
        """The response's bytes, None where there is silence, and the seconds by which it is held back."""


class DnsOverTcp(asyncio.Protocol):
    """One connection to a DNS server.

    Args:
        processing_s: draws the time between a query and its answer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, dns: Responder, processing_s: Callable[[], float]) -> None:
        self._loop, self._dns, self._processing_s = loop, dns, processing_s
        self._buffer = b""
        self._idle_at_s = loop.time() + _IDLE_S
        self._alarm: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        self._alarm = self._loop.call_at(self._idle_at_s, self._overdue)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    def data_received(self, data: bytes) -> None:
        self._idle_at_s = self._loop.time() + _IDLE_S
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
            if len(self._buffer) < end:
                return
            query, self._buffer = self._buffer[_LENGTH_BYTES:end], self._buffer[end:]
            answer, late_s = self._dns.respond(query, tcp=True)
            if answer is not None:
                self._loop.call_later(self._processing_s() + late_s, self._send, answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(len(answer).to_bytes(_LENGTH_BYTES, "big") + answer)

    def _overdue(self) -> None:
        if self._loop.time() >= self._idle_at_s:
            self._transport.close()
        else:
            self._alarm = self._loop.call_at(self._idle_at_s, self._overdue)
