"""redis-cli, as it behaves without a terminal: one command, its reply as plain lines."""

from __future__ import annotations

import asyncio

from kubesim.containers.call import Call
from kubesim.containers.resolver import LookupFailure, addresses

_PORT = 6379
_LOCAL = ("127.0.0.1", "localhost")
# A server that answers answers at once; redis-cli itself would wait for ever.
_SILENT_S = 30.0


async def redis_cli(call: Call) -> int:
    """`redis-cli [-h HOST] [-p PORT] [-e] [--raw] COMMAND [ARGUMENT…]`."""
    words, host, port, strict = list(call.argv[1:]), _LOCAL[0], _PORT, False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("-h", "-p") and words:
            value = words.pop(0)
            host, port = (value, port) if option == "-h" else (host, int(value) if value.isdecimal() else 0)
        elif option == "-e":
            strict = True
        elif option not in ("--raw", "--no-raw", "-c"):
            call.err(f"the sandbox's redis-cli does not know {option}\n")
            return 1
    if not words:
        call.err("the sandbox's redis-cli wants a command among its arguments\n")
        return 1
    try:
        reply = await _ask(call, host, port, words)
    except LookupFailure:
        reason = "Name or service not known"
    except TimeoutError:
        reason = "Connection timed out"
    except OSError as exc:
        reason = exc.strerror or str(exc)
    else:
        return _print(call, reply, strict=strict)
    call.err(f"Could not connect to Redis at {host}:{port}: {reason}\n")
    return 1


def _print(call: Call, reply: bytes, *, strict: bool) -> int:
    if not reply:
        call.err("Error: Server closed the connection\n")
        return 1
    text = "\n".join(_lines(_Reader(reply)))
    if not reply.startswith(b"-"):
        call.out(f"{text}\n" if not text.endswith("\r\n") else text)
        return 0
    (call.err if strict else call.out)(f"{text}\n" if strict else f"{text}\n\n")
    return int(strict)


async def _ask(call: Call, host: str, port: int, words: list[str]) -> bytes:
    found = [call.inside.ip] if host in _LOCAL else await addresses(call.inside, host)
    received = _Received()
    async with asyncio.timeout(_SILENT_S):
        transport = await call.inside.open_tcp(lambda: received, found[0], port)
        try:
            encoded = [word.encode() for word in words]
            parts = (b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
            transport.write(b"*%d\r\n" % len(encoded) + b"".join(parts))
            await received.whole.wait()
        finally:
            transport.close()
    return bytes(received.data)


class _Received(asyncio.Protocol):
    def __init__(self) -> None:
        self.data = bytearray()
        self.whole = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data.extend(data)
        try:
            _lines(_Reader(bytes(self.data)))
        except EOFError:
            return
        self.whole.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.whole.set()


class _Reader:
    """A reply's bytes; EOFError where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def line(self) -> bytes:
        line, end, self._data = self._data.partition(b"\r\n")
        if not end:
            raise EOFError
        return line

    def take(self, length: int) -> bytes:
        if len(self._data) < length + 2:
            raise EOFError
        taken, self._data = self._data[:length], self._data[length + 2 :]
        return taken


def _lines(reader: _Reader) -> list[str]:
    """A RESP2 reply as redis-cli shows it in a pipe: a null is an empty line, an array its items one a line."""
    head = reader.line().decode("utf-8", "replace")
    kind, rest = head[:1], head[1:]
    if kind == "$":
        return [""] if rest == "-1" else [reader.take(int(rest)).decode("utf-8", "replace")]
    if kind == "*":
        return [line for _ in range(max(0, int(rest))) for line in _lines(reader)] or [""]
    return [rest]
