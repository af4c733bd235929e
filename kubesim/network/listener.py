"""Something that serves at a port of a simulated host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Reply(Protocol):
    """Sends a datagram back to where one came from."""

    def __call__(self, payload: bytes, after_s: float = 0.0) -> None:
        """Send `payload` when `after_s` seconds of processing have passed."""


DatagramHandler = Callable[[bytes, Reply], None]
ServerFactory = Callable[[], asyncio.Protocol]


class Listener:
    """An open port.

    Attributes:
        ip: the simulated host's address.
        protocol: ``TCP`` or ``UDP``.
        accepts: whether new connections are taken.
    """

    def __init__(
        self,
        ip: str,
        port: int,
        protocol: str,
        on_close: Callable[[], None],
        on_stop_accepting: Callable[[], None] = lambda: None,
    ) -> None:
        self.ip, self.port, self.protocol = ip, port, protocol
        self.accepts = True
        self._closed = False
        self._on_close = on_close
        self._on_stop_accepting = on_stop_accepting

    def stop_accepting(self) -> None:
        """New connections are refused; open ones go on until they or the listener are closed."""
        if self.accepts:
            self.accepts = False
            self._on_stop_accepting()

    def close(self) -> None:
        """Open TCP connections end with EOF, new ones and datagrams are refused; closing twice is harmless."""
        self.accepts = False
        if not self._closed:
            self._closed = True
            self._on_close()


class UdpReceiver(Protocol):
    """Gets what arrives at a client's UDP port; the same shape as the vantage's."""

    def datagram(self, data: bytes) -> None:
        """One datagram from the port's peer."""

    def error(self, exc: OSError) -> None:
        """An earlier datagram was refused."""


class UdpPort(Protocol):
    """A client's UDP port; the same shape as the vantage's."""

    def send(self, payload: bytes) -> None:
        """Send without waiting."""

    def close(self) -> None:
        """Nothing arrives afterwards."""
