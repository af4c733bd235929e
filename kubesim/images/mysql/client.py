"""aiomysql's connection, from inside a simulated pod."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiomysql

Open = Callable[[Callable[[], asyncio.Protocol], str, int], Awaitable[asyncio.Transport]]


class Dialed(aiomysql.Connection):  # type: ignore[misc]  # it has no types
    """A connection through the pod's own network, in autocommit mode. `connect` opens it.

    Args:
        open_tcp: factory, address, port → transport.
        settings: as `aiomysql.connect` takes them; the host is an address.
    """

    def __init__(self, open_tcp: Open, **settings: object) -> None:
        super().__init__(autocommit=True, **settings)
        self._open_tcp = open_tcp

    async def connect(self) -> None:
        """Connect and log in.

        Raises:
            aiomysql.MySQLError: the server refused, or ended the connection.
            OSError: nobody is there.
        """
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        transport = await self._open_tcp(lambda: protocol, self._host, self._port)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        self._next_seq_id = 0
        try:
            await self._get_server_information()
            await self._request_authentication()
        except BaseException:
            self.close()
            raise
