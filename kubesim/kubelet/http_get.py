"""The HTTP requests of a kubelet: probes and hooks (pkg/probe/http of v1.34). Messages are those of Go's client."""

from __future__ import annotations

import asyncio
import re
from typing import NamedTuple

from kubesim import release
from kubesim.kubelet.container import Container
from kubesim.kubelet.local_pod import LocalPod
from kubesim.store import Object

_OK, _REDIRECT, _BAD = 200, 300, 400
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})")
# As much of a ClientHello as tells a server that this is not its protocol: a TLS record of type handshake.
_CLIENT_HELLO = bytes.fromhex("16030100050100000103") + b"\r\n\r\n"


class Found(NamedTuple):
    """What a check found.

    Attributes:
        passed: None where it could not be made, so that it says nothing of the container.
        output: what the event says.
    """

    passed: bool | None
    output: str


async def http_get(pod: LocalPod, container: Container, spec: Object, within_s: float) -> Found:
    """GET what a probe or a hook names. No server of the simulated cluster speaks TLS, so HTTPS fails."""
    port = port_number(spec["port"], container.spec)
    if port is None:
        return Found(None, f'strconv.Atoi: parsing "{spec["port"]}": invalid syntax')
    host, scheme = spec.get("host") or pod.ip, spec.get("scheme", "HTTP").lower()
    path = "/" + spec.get("path", "/").removeprefix("/")
    received = _Received()
    connected = False
    try:
        async with asyncio.timeout(within_s):
            transport = await pod.node.link.connect(lambda: received, host, port)
            connected = True
            try:
                transport.write(_CLIENT_HELLO if scheme == "https" else _request(spec, f"{host}:{port}", path))
                await received.enough.wait()
            finally:
                transport.close()
    except (OSError, TimeoutError) as exc:
        why = f"dial tcp {host}:{port}: {dial_error(exc)}"
        if isinstance(exc, TimeoutError):
            why = "context deadline exceeded" if connected else why
            why += " (Client.Timeout exceeded while awaiting headers)"
        return Found(False, f'Get "{scheme}://{host}:{port}{path}": {why}')
    return _judge(bytes(received.data), scheme, f'Get "{scheme}://{host}:{port}{path}"')


def port_number(port: int | str, container: Object) -> int | None:
    """A probe's port, which may be one of the container's port names; None where no port has that name."""
    if isinstance(port, int):
        return port
    return next((int(p["containerPort"]) for p in container.get("ports") or () if p.get("name") == port), None)


def dial_error(exc: OSError | TimeoutError) -> str:
    """What Go's dialer says of it."""
    if isinstance(exc, ConnectionRefusedError):
        return "connect: connection refused"
    return "i/o timeout" if isinstance(exc, TimeoutError) else f"connect: {exc.strerror or exc}".lower()


def _request(spec: Object, authority: str, path: str) -> bytes:
    headers = {"Host": authority, "User-Agent": f"kube-probe/{release.MINOR}", "Accept": "*/*", "Connection": "close"}
    for row in spec.get("httpHeaders") or ():
        headers[row["name"].title()] = row.get("value", "")
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _judge(data: bytes, scheme: str, asked: str) -> Found:
    if not data:
        return Found(False, f"{asked}: EOF")
    status = _STATUS_LINE.match(data)
    if scheme == "https":
        other = "tls: first record does not look like a TLS handshake"
        return Found(False, f"{asked}: {'http: server gave HTTP response to HTTPS client' if status else other}")
    if status is None:
        shown = data.partition(b"\n")[0].decode("latin-1").encode("unicode_escape").decode()
        broken = "net/http: HTTP/1.x transport connection broken"
        return Found(False, f'{asked}: {broken}: malformed HTTP response "{shown}"')
    code = int(status[1])
    if _OK <= code < _BAD:  # a redirect to another host is not followed, and counts as passed
        return Found(True, "")
    return Found(False, f"HTTP probe failed with statuscode: {code}")


class _Received(asyncio.Protocol):
    """Collects until the head of an HTTP response is there, something that is none, or the end."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.enough = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data.extend(data)
        if b"\r\n\r\n" in self.data or not self.data.startswith(b"HTTP/"[: len(self.data)]):
            self.enough.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.enough.set()
