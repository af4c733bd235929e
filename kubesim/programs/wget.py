"""wget of busybox: -q -O - -T SECONDS URL over plain HTTP."""

from __future__ import annotations

import asyncio
import re

from kubesim.containers.call import Call
from kubesim.containers.resolver import LookupFailure, addresses

_DEFAULT_TIMEOUT_S = 900.0
_PORT = 80


async def wget(call: Call) -> int:
    """`wget [-q] [-O FILE|-] [-T SECONDS] [--spider] URL`."""
    words, url, target, timeout_s = list(call.argv[1:]), "", "", _DEFAULT_TIMEOUT_S
    spider = False
    while words:
        word = words.pop(0)
        option = re.fullmatch(r"-(?:[qSc]*)([OT])(.*)|--timeout=(.*)", word)
        if word == "--spider":
            spider = True
        elif option:
            value = option[3] or option[2] or (words.pop(0) if words else "")
            if option[1] == "O":
                target = value
            else:
                timeout_s = float(value) if value.replace(".", "", 1).isdigit() else timeout_s
        elif not word.startswith("-"):
            url = word
    if not url:
        call.err("BusyBox v1.35.0 multi-call binary.\n\nUsage: wget [-cqS] [-O FILE] [-T SEC] URL...\n")
        return 1
    return await _Download(call, target, timeout_s, spider=spider).run(url)


class _Download:
    def __init__(self, call: Call, target: str, timeout_s: float, *, spider: bool) -> None:
        self._call, self._target, self._timeout_s, self._spider = call, target, timeout_s, spider

    async def run(self, url: str) -> int:
        call = self._call
        match = re.fullmatch(r"(?:(\w+)://)?([^/:]+)(?::(\d+))?(/.*)?", url)
        if match is None or (match[1] or "http") != "http":
            call.err(f"wget: not an http or ftp url: {url}\n")
            return 1
        host, port, path = match[2], int(match[3] or _PORT), match[4] or "/"
        try:
            found = await addresses(call.inside, host)
        except LookupFailure:
            call.err(f"wget: bad address '{host}'\n")
            return 1
        try:
            async with asyncio.timeout(self._timeout_s):
                head, body = await self._fetch(found[0], port, host, path)
        except TimeoutError:
            call.err("wget: download timed out\n")
        except OSError as exc:
            call.err(f"wget: can't connect to remote host ({found[0]}): {exc.strerror or exc}\n")
        else:
            status = head.split("\r\n")[0]
            if " 200 " in f"{status} ":
                self._keep(body, path)
                return 0
            call.err(f"wget: server returned error: {status}\n" if status else "wget: error getting response\n")
        return 1

    def _keep(self, body: str, path: str) -> None:
        if self._spider:
            return
        if self._target == "-":
            self._call.out(body)
        else:
            name = self._target or path.rpartition("/")[2] or "index.html"
            self._call.inside.files.write(self._call.path(name), body)

    async def _fetch(self, address: str, port: int, host: str, path: str) -> tuple[str, str]:
        received = _Received()
        transport = await self._call.inside.open_tcp(lambda: received, address, port)
        shown = host if port == _PORT else f"{host}:{port}"
        try:
            request = f"GET {path} HTTP/1.1\r\nHost: {shown}\r\nUser-Agent: Wget\r\nConnection: close\r\n\r\n"
            transport.write(request.encode())
            await received.over.wait()
        finally:
            transport.close()
        head, _, body = bytes(received.data).decode("utf-8", "replace").partition("\r\n\r\n")
        return head, body


class _Received(asyncio.Protocol):
    def __init__(self) -> None:
        self.data = bytearray()
        self.over = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data.extend(data)

    def eof_received(self) -> bool | None:
        self.over.set()
        return None

    def connection_lost(self, _exc: Exception | None) -> None:
        self.over.set()
