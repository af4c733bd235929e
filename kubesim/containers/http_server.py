"""The part of HTTP/1.1 that nginx serving static files speaks; pure protocol, so it runs on either wire.

Statuses, error pages and who closes when are nginx 1.22's as tried; Last-Modified, ETag and ranges are left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from kubesim.simclock import SimClock

_KEEPALIVE_S = 65  # keepalive_timeout of the image's nginx.conf
_HEADER_S = 60  # client_header_timeout's default
_MAX_REQUESTS = 1000  # keepalive_requests' default
_MAX_HEAD_BYTES = 32 * 1024  # large_client_header_buffers 4 x 8k
_END_OF_HEAD = b"\r\n\r\n"


OK = "200 OK"
NOT_FOUND = "404 Not Found"
UNAVAILABLE = "503 Service Unavailable"
_BAD_REQUEST = "400 Bad Request"
_NOT_ALLOWED = "405 Not Allowed"
_TOO_LONG = "414 Request-URI Too Large"


class Page(NamedTuple):
    """An answer's status, as in the status line, and body; without one, nginx's error page is sent."""

    status: str
    body: bytes = b""


class HttpServer(asyncio.Protocol):
    """One connection.

    Args:
        respond: page for a path.
        lost: is told when the connection is over.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: SimClock,
        respond: Callable[[str], Page],
        lost: Callable[[HttpServer], None] = lambda _: None,
    ) -> None:
        self._loop, self._clock, self._respond, self._lost = loop, clock, respond, lost
        self._draining = False
        self._buffer = b""
        self._skip_bytes = 0
        self._requests = 0
        self._deadline_s = loop.time() + _HEADER_S
        self._alarm: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        self._alarm = self._loop.call_at(self._deadline_s, self._overdue)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._lost(self)

    def drain(self) -> None:
        """Close when the present request is answered: at once where the client has had answers and asks nothing.

        A connection that was never used yet is waited for, as nginx does (ngx_http_request.c sets `idle` only after
        an answer).
        """
        self._draining = True
        if self._requests and not self._buffer and not self._skip_bytes:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._transport.is_closing():
            if self._skip_bytes:  # a request's body, which static files have no use for
                skipped = min(self._skip_bytes, len(self._buffer))
                self._buffer = self._buffer[skipped:]
                self._skip_bytes -= skipped
            head, end, rest = self._buffer.partition(_END_OF_HEAD)
            if self._skip_bytes or not end:
                break
            self._buffer = rest
            self._request(head)
        if len(self._buffer) > _MAX_HEAD_BYTES:
            self._refuse(_BAD_REQUEST if b"\r\n" in self._buffer else _TOO_LONG)

    def _overdue(self) -> None:
        """Close an idle connection. The timer is moved when it fires, not at each request: there are many requests."""
        if self._loop.time() >= self._deadline_s:
            self._transport.close()
        else:
            self._alarm = self._loop.call_at(self._deadline_s, self._overdue)

    def _request(self, head: bytes) -> None:
        self._requests += 1
        self._deadline_s = self._loop.time() + _KEEPALIVE_S
        request_line, *lines = head.decode("latin-1").split("\r\n")
        words = request_line.split(" ")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        version = words[-1]
        length = headers.get("content-length", "0")
        if len(words) != 3 or version not in ("HTTP/1.0", "HTTP/1.1") or not length.isdecimal():  # noqa: PLR2004 - method, target, version
            self._refuse(_BAD_REQUEST)
            return
        if version == "HTTP/1.1" and "host" not in headers:
            self._refuse(_BAD_REQUEST)
            return
        wish = headers.get("connection", "").lower()
        keep = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
        keep = keep and not self._draining and self._requests < _MAX_REQUESTS and "transfer-encoding" not in headers
        self._skip_bytes = int(length)
        method, target, _ = words
        if method not in ("GET", "HEAD"):
            self._send(Page(_NOT_ALLOWED), keep=keep)
            return
        self._send(self._respond(target.partition("?")[0]), keep=keep, head_only=method == "HEAD")

    def _refuse(self, status: str) -> None:
        self._buffer = b""
        self._send(Page(status), keep=False)

    def _send(self, page: Page, *, keep: bool, head_only: bool = False) -> None:
        body = page.body or _error_page(page.status)
        head = (
            f"HTTP/1.1 {page.status}\r\nServer: nginx\r\nDate: {self._clock.http_date()}\r\nContent-Type: text/html\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n"
        )
        self._transport.write(head.encode() + (b"" if head_only else body))
        if not keep:
            self._transport.close()


@lru_cache
def _error_page(status: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()
