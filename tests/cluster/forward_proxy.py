"""A forward proxy on loopback: tunnels (CONNECT) and requests for http:// URLs, counted. And TLS before a server."""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

Address = tuple[str, int]


class ForwardProxy:
    """Knows where hosts are; what it does not know it cannot reach.

    Attributes:
        hosts: where each ``name:port`` is.
        credentials: asked for, as ``user:password``; empty: none.
        answers: instead of passing anything on; 0: it does.
        tunnels: the targets of CONNECT, in order.
        requests: "METHOD URL" of what came in absolute form, in order.
        turned_away: how many times it said no.
    """

    def __init__(self, hosts: dict[str, Address]) -> None:
        self.credentials = ""
        self.answers = 0
        self.tunnels: list[str] = []
        self.requests: list[str] = []
        self.turned_away = 0
        self.port = 0
        self.hosts = hosts
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """End all connections."""
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; returns whether another one may follow on the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.rstrip().split("\r\n")
        method, target, _ = request.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        address = self.hosts.get(target if method == "CONNECT" else urlsplit(target).netloc)
        status = self._refusal(headers, address)
        if status or address is None:
            self.turned_away += 1
            writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n".encode())
            await writer.drain()
            return False
        (self.tunnels if method == "CONNECT" else self.requests).append(
            target if method == "CONNECT" else f"{method} {target}"
        )
        up_reader, up_writer = await asyncio.open_connection(*address)
        self._open.add(up_writer)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = target.partition("://")[2].partition("/")[2]
            kept = [line for line in lines if not line.lower().startswith(("proxy-", "connection:"))]
            last = f"Connection: {'upgrade' if 'upgrade' in headers else 'close'}"
            up_writer.write("\r\n".join([f"{method} /{path} HTTP/1.1", *kept, last, "", ""]).encode("latin-1") + body)
        try:
            await asyncio.wait(
                [asyncio.ensure_future(_pass(*pair)) for pair in ((reader, up_writer), (up_reader, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            self._open.discard(up_writer)
            up_writer.close()
        return False

    def _refusal(self, headers: dict[str, str], address: Address | None) -> int:
        wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        if self.credentials and headers.get("proxy-authorization") != wanted:
            return 407
        return self.answers or (0 if address else 502)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def forward_proxy(hosts: dict[str, Address]) -> AsyncIterator[ForwardProxy]:
    """A proxy that is up."""
    proxy = ForwardProxy(hosts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()


@asynccontextmanager
async def with_tls(address: Address, certificate: Path, key: Path) -> AsyncIterator[Address]:
    """The same server behind TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*address)
        await asyncio.wait(
            [asyncio.ensure_future(_pass(*pair)) for pair in ((reader, up_writer), (up_reader, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        up_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()


def certificate_of(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    alternatives = ",".join(f"DNS:{name}" for name in names)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
         "-subj", "/CN=test", "-addext", f"subjectAltName={alternatives}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
