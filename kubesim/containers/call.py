"""What a program gets, and what it is."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from kubesim.containers.input import Input
from kubesim.containers.inside import Inside
from kubesim.containers.resolver import addresses
from kubesim.containers.signals import Signal
from kubesim.network import DatagramHandler, Listener


class Ports(Protocol):
    """What programs tell their container's first process."""

    def opened(self, listener: Listener) -> None:
        """A port is open, until it is closed or the container ends."""

    def closed(self, listener: Listener) -> None:
        """Close it."""

    def crashed(self, message: str) -> None:
        """The first process's program ends by an error; the message is for the container's status."""


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program.

    Attributes:
        inside: the container: its files, processes, environment, pod and image.
        argv: its name and arguments.
        environment: of this run.
        stdin: its standard input.
        out: takes what it writes to its standard output, text with its newlines.
        err: the same for its standard error.
        pid: of its process; 1 for the container's first one.
        ports: of the container.
        folder: its working directory.
        serve: runs a server in this process; None in what is run by exec.
        room: waits until the pipe behind `out` takes more; None where there is no pipe.
    """

    inside: Inside
    argv: tuple[str, ...]
    environment: dict[str, str]
    stdin: Input
    out: Callable[[str], None]
    err: Callable[[str], None]
    pid: int
    ports: Ports
    folder: str = "/"
    serve: Serve | None = None
    room: Callable[[], Awaitable[None]] | None = None

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.argv[0].rpartition("/")[2]

    def path(self, word: str) -> str:
        """A path as it is without the working directory."""
        return posixpath.normpath(posixpath.join(self.folder, word))

    def draw_s(self, delay: str) -> float:
        """Seconds of one of the model's delays, such as one of the image's own; same seed, same seconds.

        Raises:
            KeyError: there is no such delay.
        """
        return self.inside.host.model.draw(delay)

    # ---- the network ----

    @asynccontextmanager
    async def listen_tcp(self, port: int, factory: Callable[[], asyncio.Protocol]) -> AsyncIterator[None]:
        """Serve at a port of the pod's; `factory` makes the protocol of each connection (asyncio's, or aiohttp's).

        Raises:
            OSError: a program of the pod has the port already.
        """
        async with self._open(self.inside.host.network.listen_tcp(self.inside.ip, port, factory)):
            yield

    @asynccontextmanager
    async def listen_udp(self, port: int, handler: DatagramHandler) -> AsyncIterator[None]:
        """The same for datagrams: `handler(payload, reply)` is called for each; `reply(payload)` answers it.

        Raises:
            OSError: a program of the pod has the port already.
        """
        async with self._open(self.inside.host.network.listen_udp(self.inside.ip, port, handler)):
            yield

    @asynccontextmanager
    async def _open(self, listening: Awaitable[Listener]) -> AsyncIterator[None]:
        listener = await listening
        self.ports.opened(listener)
        try:
            yield
        finally:
            self.ports.closed(listener)

    async def look_up(self, name: str) -> list[str]:
        """The IPv4 addresses of a name, as the C library of the image finds them (/etc/hosts, then the cluster's DNS).

        Raises:
            LookupFailure: there are none.
        """
        return await addresses(self.inside, name)

    async def open_tcp(self, factory: Callable[[], asyncio.Protocol], address: str, port: int) -> asyncio.Transport:
        """A connection from the pod to an address.

        Raises:
            OSError: refused or timed out.
        """
        return await self.inside.open_tcp(factory, address, port)

    # ---- its end ----

    async def until_signal(self, *signals: Signal) -> Signal:
        """Wait for one of these signals (SIGTERM and SIGINT where none is named), and say which one came.

        A container's first process that does not wait for SIGTERM is not ended by it, as in a real container: it is
        killed at the end of the pod's grace period.
        """
        awaited = frozenset(signals or (Signal.TERM, Signal.INT))
        processes = self.inside.processes
        came: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()

        def take(signal: Signal) -> None:
            if signal not in awaited:
                processes.by_default(self.pid, signal)
            elif not came.done():
                came.set_result(signal)

        processes.handle(self.pid, take)
        try:
            return await came
        finally:
            processes.handle(self.pid, None)


# Runs to its end and returns the exit code. Cancelling it is SIGKILL.
Program = Callable[[Call], Awaitable[int]]

# Call of a server → its exit code.
Serve = Callable[[Call], Awaitable[int]]
