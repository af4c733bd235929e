"""As much HTTP/1.1 as asking "who are you?" needs, with every failure's phase kept."""

from __future__ import annotations

import asyncio
import errno
import re

from chaos.model.outcome import EOF, MALFORMED, OK, Outcome
from chaos.model.series import Series

_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
# The unit's page: "Hello from web-1". The last word is the name of who answered.
_HELLO = re.compile(r"Hello from (\S+)")
_ORDINAL = re.compile(r"-\d+$")
_BODY_LIMIT_BYTES = 65536
_DETAIL_CHARS = 60


def os_error_name(exc: OSError) -> str:
    """`ECONNREFUSED` and the like."""
    return errno.errorcode.get(exc.errno or 0, type(exc).__name__)


class HttpConversation(asyncio.Protocol):
    """One connection on which requests are made one after the other.

    `answer` is a future of the outcome of the request under way; `lost` says how the connection ended.

    Args:
        series: whose path is asked for, and whose pod (or one of its StatefulSet) the page is expected to name.
    """

    def __init__(self, series: Series) -> None:
        self._path = series.ask
        self._pod = series.pod
        self.lost: Outcome | None = None
        self.answer: asyncio.Future[Outcome] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what open_tcp promises
        self._transport = transport

    def request(self, host: str) -> asyncio.Future[Outcome]:
        """Send `GET` for the page; one at a time."""
        self.answer = asyncio.get_running_loop().create_future()
        if self.lost is not None:
            self.answer.set_result(self.lost)
        elif self._transport is not None:
            self._buffer = b""
            self._transport.write(
                f"GET {self._path} HTTP/1.1\r\nHost: {host}\r\n"
                "User-Agent: chaos-identity\r\nAccept: */*\r\n\r\n".encode()
            )
        return self.answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.answer is None or self.answer.done():
            return
        outcome = parse_response(self._buffer, self._pod)
        if outcome is not None:
            self.answer.set_result(outcome)

    def eof_received(self) -> bool:
        return False  # close our side too

    def connection_lost(self, exc: Exception | None) -> None:
        waiting = self.answer is not None and not self.answer.done()
        phase = "response" if waiting else "idle"
        if isinstance(exc, OSError):
            self.lost = Outcome(os_error_name(exc), phase=phase)
        else:
            self.lost = Outcome(EOF, phase=phase)
        if self.answer is not None and waiting:
            self.answer.set_result(self.lost)
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """Close without waiting."""
        if self._transport is not None:
            self._transport.abort()


def parse_response(data: bytes, pod: str = "") -> Outcome | None:
    """The outcome of a complete response, None where more must come.

    Args:
        data: what has come so far.
        pod: that should answer; where the page names it, or another pod of its StatefulSet, that is who answered.
    """
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        if data and not b"HTTP/1.".startswith(data[:7]):
            return Outcome(MALFORMED, phase="response", detail=repr(data[:_DETAIL_CHARS]))
        return None
    status = head.split(b" ", 2)[1:2]
    length = _LENGTH.search(head)
    wanted = min(int(length[1]), _BODY_LIMIT_BYTES) if length else 0
    if len(body) < wanted:
        return None
    if status != [b"200"]:
        code = status[0].decode("ascii", "replace") if status else "?"
        return Outcome(f"HTTP {code}", phase="response")
    text = body.decode("utf-8", "replace").strip()
    who = _who(text, pod)
    if not who:
        return Outcome(OK, phase="response", detail=text[:_DETAIL_CHARS])
    return Outcome(OK, phase="response", values=(who,))


def _who(text: str, pod: str) -> str:
    """The pod that a page names; empty where it names none."""
    hello = _HELLO.search(text)
    if hello is not None:
        return hello[1]
    named = re.search(rf"(?<![\w.-]){re.escape(_ORDINAL.sub('', pod))}-\d+(?![\w-])", text) if pod else None
    return named[0] if named is not None else ""
