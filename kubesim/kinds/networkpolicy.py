"""NetworkPolicies (pkg/registry/networking/networkpolicy, pkg/apis/networking)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kubesim.fields import names
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.fields.columns import NONE, age_of
from kubesim.fields.selectors import label_selector, selector_text
from kubesim.kinds.kind import Kind, Resource, Table, spec_of
from kubesim.objects import Object

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_TYPES = ("Ingress", "Egress")
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
_HOST_BITS_TEXT = "must not have bits set beyond the prefix length"
_CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def _defaults(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            port.setdefault("protocol", "TCP")


def _validate(obj: Object) -> Iterator[Cause]:
    spec = obj["spec"]
    yield from label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, peers in _DIRECTIONS:
        for i, rule in enumerate(spec.get(direction, ())):
            for j, port in enumerate(rule.get("ports", ())):
                yield from _port(port, f"spec.{direction}[{i}].ports[{j}]")
            for j, peer in enumerate(rule.get(peers, ())):
                yield from _peer(peer, f"spec.{direction}[{i}].{peers}[{j}]")
    types = spec["policyTypes"]
    if len(types) > len(_TYPES):
        yield invalid_value("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for i, kind in enumerate(types):
        if kind not in _TYPES:
            yield not_supported(f"spec.policyTypes[{i}]", kind, _TYPES)


def _port(port: Object, at: str) -> Iterator[Cause]:
    number, end = port.get("port"), port.get("endPort")
    if port["protocol"] not in _PROTOCOLS:
        yield not_supported(f"{at}.protocol", port["protocol"], _PROTOCOLS)
    if isinstance(number, int):
        yield from (invalid_value(f"{at}.port", number, text) for text in names.port_number(number))
        if end is not None and end < number:
            yield invalid_value(f"{at}.endPort", end, "must be greater than or equal to `port`")
        if end is not None:
            yield from (invalid_value(f"{at}.endPort", end, text) for text in names.port_number(end))
        return
    if end is not None:
        what = "not specified" if number is None else "non-numeric"
        yield invalid_value(f"{at}.endPort", end, f"may not be specified when `port` is {what}")
    if number is not None:
        yield from (invalid_value(f"{at}.port", number, text) for text in names.port_name(number))


def _peer(peer: Object, at: str) -> Iterator[Cause]:
    yield from label_selector(peer.get("podSelector"), f"{at}.podSelector")
    yield from label_selector(peer.get("namespaceSelector"), f"{at}.namespaceSelector")
    if "ipBlock" in peer:
        yield from _block(peer["ipBlock"], f"{at}.ipBlock")
    if not peer:
        yield required(at, "must specify a peer")
    elif len(peer) > 1 and "ipBlock" in peer:
        yield forbidden_field(at, "may not specify both ipBlock and another peer")


def _block(block: Object, at: str) -> Iterator[Cause]:
    cidr = block.get("cidr", "")
    if not cidr:
        yield required(f"{at}.cidr")
        return
    whole = _network(cidr)
    if whole is None:
        yield invalid_value(f"{at}.cidr", cidr, _CIDR_TEXT)
        return
    if ipaddress.ip_interface(cidr).ip != whole.network_address:
        yield invalid_value(f"{at}.cidr", cidr, _HOST_BITS_TEXT)
    for i, row in enumerate(block.get("except", ())):
        part = _network(row)
        if part is None:
            yield invalid_value(f"{at}.except[{i}]", row, _CIDR_TEXT)
        elif ipaddress.ip_interface(row).ip != part.network_address:
            yield invalid_value(f"{at}.except[{i}]", row, _HOST_BITS_TEXT)
        elif not _is_inside(part, whole):
            yield invalid_value(f"{at}.except[{i}]", row, "must be a strict subset of `cidr`")


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(text: str) -> _Network | None:
    if "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_inside(part: _Network, whole: _Network) -> bool:
    return part.version == whole.version and part.prefixlen > whole.prefixlen and part.network_address in whole


def _row(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], selector_text(obj["spec"]["podSelector"]) or NONE, age_of(obj, now)]


KIND = Kind(
    resource=Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", True, ("netpol",)),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    generation=spec_of,
    table=Table.of("Name,Pod-Selector,Age", _row),
)
