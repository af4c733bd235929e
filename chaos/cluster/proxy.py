"""Which HTTP proxy leads to an API server: kubectl's rules, which are Go's.

A kubeconfig's ``proxy-url`` comes before the environment. Of that, Go's ``http.ProxyFromEnvironment`` decides
(golang.org/x/net/http/httpproxy), whose answers stand in `tests/cluster/test_proxy.py`.
Two things are refused here that kubectl takes otherwise: a variable that names no proxy, which Go takes for none, and
SOCKS, which the client library does not speak.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, unquote_to_bytes, urlsplit

from chaos.errors import UsageError

_VARIABLES = {"https": ("HTTPS_PROXY", "https_proxy"), "http": ("HTTP_PROXY", "http_proxy")}
_EXCEPTIONS = ("NO_PROXY", "no_proxy")
_PORTS = {"http": 80, "https": 443}
_UNREADABLE = re.compile(r"[\x00-\x20\x7f]|%(?![0-9a-fA-F]{2})")
_MASK = re.compile(r".*/[0-9]+")  # Go knows no 10.0.0.0/255.0.0.0

_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that all requests to an API server go through.

    Attributes:
        url: for the client library; it may hold a password, so it stands in no message.
        place: its host and port.
        source: what named it, such as ``HTTPS_PROXY``.
        has_credentials: whether it is told a user and a password.
        named_host: its host and port, as the client library has them.
    """

    url: str = field(repr=False)
    place: str
    source: str
    has_credentials: bool
    named_host: tuple[str, int]

    def __str__(self) -> str:
        return f"the proxy {self.place} ({self.source})"


def choose_proxy(
    server: str, environment: Mapping[str, str], proxy_url: str = "", proxy_url_source: str = ""
) -> Proxy | None:
    """The proxy to an API server; None: it is reached directly.

    Args:
        server: the API server's URL.
        environment: of this process.
        proxy_url: what the kubeconfig says; empty: nothing.
        proxy_url_source: where that stands, for messages.

    Raises:
        UsageError: what names the proxy cannot be read or used.
    """
    if proxy_url:
        return _parse(proxy_url, proxy_url_source)
    scheme, host, port = _target(server)
    variable, value = _first(environment, _VARIABLES.get(scheme, ()))
    if not value:
        return None
    if scheme == "http" and environment.get("REQUEST_METHOD"):  # whoever sends a web request could name the proxy
        raise UsageError(
            f"{variable} is not used where REQUEST_METHOD is set, as in a CGI program",
            hint=f"unset REQUEST_METHOD or {variable}, or put `proxy-url` into the kubeconfig",
        )
    if _goes_around(host, port, _first(environment, _EXCEPTIONS)[1]):
        return None
    return _parse(value if "://" in value else f"http://{value}", variable)  # only variables may leave the scheme out


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first variable that is not empty, and its value."""
    return next(((name, environment[name]) for name in names if environment.get(name)), ("", ""))


def _target(server: str) -> tuple[str, str, str]:
    """Scheme, host and port of an API server."""
    try:
        url = urlsplit(server)
        return url.scheme, url.hostname or "", str(url.port or _PORTS.get(url.scheme) or "")
    except ValueError:
        return "", "", ""  # connecting to it gives the better error


def _goes_around(host: str, port: str, exceptions: str) -> bool:
    """Whether NO_PROXY, or Go's rule for this machine itself, lets a host be reached directly."""
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in exceptions.split(",")]
    return "*" in entries or any(_matches(entry, host, address, port) for entry in entries if entry)


def _matches(entry: str, host: str, address: _Address | None, port: str) -> bool:
    """Whether an entry of NO_PROXY means a host: a network, or an address or a domain, with a port or without."""
    if _MASK.fullmatch(entry):
        try:
            network = ip_network(entry, strict=False)
        except ValueError:
            pass
        else:
            return address is not None and address in network
    name, its_port = _split_port(entry)
    if its_port and its_port != port:
        return False
    its_address = _address(name)
    if its_address is not None or address is not None:
        return its_address == address
    name = name.removeprefix("*") if name.startswith("*.") else name
    return bool(name) and (host == name or host.endswith(name if name.startswith(".") else f".{name}"))


def _split_port(entry: str) -> tuple[str, str]:
    """As Go does: an IPv6 address has a port only where it stands in brackets."""
    name, colon, port = entry.rpartition(":")
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (name, port) if colon and ":" not in name else (entry, "")


def _address(host: str) -> _Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _parse(value: str, source: str) -> Proxy:
    """The proxy that a URL names. Errors do not repeat it: it may hold a password.

    Raises:
        UsageError: it names none, or one of a kind that cannot be used.
    """
    scheme = value.partition("://")[0].lower() if "://" in value else ""
    if scheme.startswith("socks"):
        raise UsageError(
            f"{source} names a SOCKS proxy, and only HTTP proxies can be used",
            hint="name an HTTP proxy there (http://HOST:PORT), or run it inside the cluster: `chaos manifests cronjob`",
        )
    try:
        url = urlsplit(value)
        host, port = url.hostname or "", url.port or _PORTS.get(scheme, 0)
    except ValueError:
        host, port = "", 0
    credentials = [unquote_to_bytes(part or "") for part in (url.username, url.password)] if host else [b"", b""]
    if scheme not in _PORTS or not (host and port) or b":" in credentials[0] or _UNREADABLE.search(value):
        raise UsageError(
            f"{source} cannot be read as the URL of a proxy",
            hint="it is to be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, special characters as %XX;"
            " unset it where none is needed",
        )
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # The library encodes both in Latin-1; the bytes are to arrive as they are written.
    known = ":".join(quote(part.decode("latin-1"), safe="") for part in credentials) if any(credentials) else ""
    return Proxy(f"{scheme}://{known and f'{known}@'}{place}", place, source, bool(known), (host, port))
