"""Endpoints (pkg/registry/core/endpoint, validateEndpointSubsets)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.columns import NONE, age_of, first_few
from kubesim.kinds.kind import Kind, Resource, Table
from kubesim.objects import Object

_DEPRECATED = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def _defaults(obj: Object) -> None:
    if not obj.get("subsets"):
        obj.pop("subsets", None)
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _validate(obj: Object) -> Iterator[Cause]:
    for i, subset in enumerate(obj.get("subsets", ())):
        at = f"subsets[{i}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(at, "must specify `addresses` or `notReadyAddresses`")
        for field in ("addresses", "notReadyAddresses"):
            for j, address in enumerate(subset.get(field, ())):
                yield from _address(address, f"{at}.{field}[{j}]")
        for j, port in enumerate(subset.get("ports", ())):
            yield from _port(port, f"{at}.ports[{j}]", named=len(subset["ports"]) > 1)


def _address(address: Object, at: str) -> Iterator[Cause]:
    ip = address.get("ip", "")
    complaints = names.ip_address(ip)
    yield from (invalid_value(f"{at}.ip", ip, text) for text in complaints)
    if address.get("hostname"):
        yield from (invalid_value(f"{at}.hostname", address["hostname"], t) for t in names.label(address["hostname"]))
    if complaints:
        yield invalid_value(f"{at}.ip", ip, "must be a valid IP address")
        return
    parsed = ipaddress.ip_address(ip)
    for wrong, text in (
        (parsed.is_unspecified, f"may not be unspecified ({ip})"),
        (parsed.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (parsed.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            parsed.is_multicast and parsed in ipaddress.ip_network("224.0.0.0/24"),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ):
        if wrong:
            yield invalid_value(f"{at}.ip", ip, text)


def _port(port: Object, at: str, *, named: bool) -> Iterator[Cause]:
    name = port.get("name", "")
    if named and not name:
        yield required(f"{at}.name")
    elif name:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.label(name))
    yield from (
        invalid_value(f"{at}.port", port.get("port", 0), text) for text in names.port_number(port.get("port", 0))
    )
    if port["protocol"] not in _PROTOCOLS:
        yield not_supported(f"{at}.protocol", port["protocol"], _PROTOCOLS)


def _row(obj: Object, now: datetime) -> list[Any]:
    shown: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [address["ip"] for address in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        shown += [f"{ip}:{port['port']}" for port in ports for ip in addresses] if ports else addresses
    return [obj["metadata"]["name"], first_few(shown) or ("" if obj.get("subsets") else NONE), age_of(obj, now)]


KIND = Kind(
    resource=Resource("", "v1", "endpoints", "Endpoints", True, ("ep",)),
    defaults=_defaults,
    validate=_validate,
    deprecation=_DEPRECATED,
    create_on_update=True,
    table=Table.of("Name,Endpoints,Age", _row),
)
