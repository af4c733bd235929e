"""This process reaches pods and cluster DNS itself: on a node, in a pod."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

from chaos.vantage.base import UdpPort, UdpReceiver

# A CoreDNS answer over plain UDP is at most 512 bytes, with EDNS0 at most 4096; a datagram cannot exceed this.
_MAX_DATAGRAM_BYTES = 65535
# Asking the kernel for randomness costs a system call, which so many bytes share.
_RANDOM_BYTES = 4096


class _SocketPort:
    """A raw non-blocking socket: a third of the cost of an asyncio datagram endpoint, and opened without awaiting."""

    __slots__ = ("_loop", "_receiver", "_socket")

    def __init__(self, address: str, port: int, receiver: UdpReceiver) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect((address, port))
            self._loop.add_reader(self._socket.fileno(), self._readable)
        except OSError:
            self._socket.close()
            raise

    def _readable(self) -> None:
        while self._socket.fileno() >= 0:
            try:
                data = self._socket.recv(_MAX_DATAGRAM_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as exc:
                self._receiver.error(exc)
                return
            self._receiver.datagram(data)

    def send(self, payload: bytes) -> None:
        try:
            self._socket.send(payload)
        except OSError as exc:
            self._receiver.error(exc)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()


class LocalVantage:
    """Ordinary sockets of this process."""

    name = "local"

    def __init__(self) -> None:
        self._random = iter(memoryview(b""))

    def random_16_bits(self) -> int:
        """See `chaos.vantage.base.Vantage.random_16_bits`."""
        for bits in self._random:
            return bits
        self._random = iter(memoryview(os.urandom(_RANDOM_BYTES)).cast("H"))
        return next(self._random)

    def open_udp(self, address: str, port: int, receiver: UdpReceiver) -> UdpPort:
        """See `chaos.vantage.base.Vantage.open_udp`."""
        return _SocketPort(address, port, receiver)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """See `chaos.vantage.base.Vantage.open_tcp`."""
        transport, _ = await asyncio.get_running_loop().create_connection(factory, address, port)
        return transport
