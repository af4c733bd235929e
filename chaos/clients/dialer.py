"""How client libraries get their connections: names through cluster DNS, streams through the vantage."""

from __future__ import annotations

import asyncio
import socket

from chaos.model import Outcome
from chaos.probes.connection import is_address
from chaos.probes.resolver import Resolver
from chaos.vantage import Vantage

# What getaddrinfo says of each; anything else that is no address is a server that cannot say now.
_NO_SUCH_NAME = frozenset({"NXDOMAIN", "NODATA"})


class UnresolvedError(socket.gaierror):
    """A name without an address, as `socket.getaddrinfo` would say it.

    Attributes:
        found: what cluster DNS answered.
    """

    def __init__(self, name: str, found: Outcome) -> None:
        number = socket.EAI_NONAME if found.status in _NO_SUCH_NAME else socket.EAI_AGAIN
        super().__init__(number, f"{found.status} for {name}")
        self.found = found


class Stream(asyncio.StreamReader):
    """A reader that says when the other side has ended the connection, also while nobody reads.

    Attributes:
        ended: done at that moment.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.ended: asyncio.Future[None] = loop.create_future()

    def feed_eof(self) -> None:
        super().feed_eof()
        self._end()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class Dialer:
    """Opens the streams that a library would open itself.

    Libraries resolve with the machine's own resolver, which knows nothing of the cluster; here each connection asks
    cluster DNS once, and takes the first address, as a client without a cache does.

    Args:
        vantage: how addresses are reached from here.
        resolver: through which names are found.
        namespace: where names without a dot at their end belong.
        domain: of the cluster; names that end with it are absolute.
    """

    def __init__(self, vantage: Vantage, resolver: Resolver, namespace: str, domain: str) -> None:
        self._vantage = vantage
        self._resolver = resolver
        self._namespace = namespace
        self._domain = domain

    @property
    def queries(self) -> int:
        """Sent to cluster DNS."""
        return self._resolver.sent

    async def open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Resolve and connect; waits as long as the network lets it (callers bound it).

        Args:
            host: an address, or a name such as ``web-0.web`` (of the run's namespace), or an absolute one.
            port: TCP.

        Raises:
            OSError: as the operating system's own calls raise it: `socket.gaierror` for a name, errno for a connection.
        """
        return await self.connect(await self.locate(host), port)

    async def connect(self, address: str, port: int) -> tuple[Stream, asyncio.StreamWriter]:
        """Connect to an address.

        Raises:
            OSError: refused, unreachable, …; errno tells.
        """
        loop = asyncio.get_running_loop()
        reader = Stream(loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport = await self._vantage.open_tcp(lambda: protocol, address, port)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def locate(self, host: str) -> str:
        """The address of a host; the first one of the answer.

        Raises:
            UnresolvedError: it has none, or cluster DNS does not say.
        """
        if is_address(host):
            return host
        name = self.absolute(host)
        found, address = await self._resolver.locate(name)
        if not address:
            raise UnresolvedError(name, found)
        return address

    def absolute(self, host: str) -> str:
        """A name spelled out, without its final dot."""
        if host.endswith("."):
            return host.rstrip(".")
        if host.endswith(f".{self._domain}"):
            return host
        return f"{host}.{self._namespace}.svc.{self._domain}"
