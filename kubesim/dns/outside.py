"""The DNS of the world outside the cluster: what nodes ask, and what CoreDNS forwards to.

It is realk8s's: it knows two names, both at an address of a documentation network (RFC 5737), and denies every other.
"""

from __future__ import annotations

import struct
from typing import Final

from kubesim.dns.names import to_wire
from kubesim.dns.query import CLASS_IN, BadQueryError, Query, parse
from kubesim.dns.record import REFUSED, Answer, Name, Rcode, Record, RType, address_record
from kubesim.dns.response import header_only, render

RESOLVER_ADDRESS: Final = "172.30.0.1"
_KNOWN: Final = {"example.com": "203.0.113.10", "google.com": "203.0.113.10"}
_TTL_S: Final = 300


def _denial_of(zone: str, server: str, ttl_s: int) -> Record:
    """The SOA that a denial carries; its MINIMUM is its TTL."""
    names = (Name(to_wire(server)), Name(to_wire("nstld.verisign-grs.com")))
    return Record(
        to_wire(zone), RType.SOA, ttl_s, (*names, struct.pack("!IIIII", 2026010100, 1800, 900, 604800, ttl_s))
    )


_NO_DATA: Final = Answer(Rcode.NOERROR, authority=(_denial_of("com", "a.gtld-servers.net", 900),))
_NO_NAME: Final = Answer(Rcode.NXDOMAIN, authority=(_denial_of("", "a.root-servers.net", 3600),))


def ask(query: Query) -> Answer:
    """What the resolver answers; it answers always."""
    if query.qclass != CLASS_IN:
        return REFUSED
    address = _KNOWN.get(query.name)
    if address is None:
        return _NO_NAME
    if query.qtype != RType.A:
        return _NO_DATA
    return Answer(Rcode.NOERROR, answers=(address_record(query.qname, address, _TTL_S),))


class OutsideServer:
    """The same over the network, for those who ask it themselves: pods with dnsPolicy Default."""

    def respond(self, query: bytes, *, tcp: bool = False) -> tuple[bytes | None, float]:
        """As a CoreDNS replica's."""
        try:
            asked = parse(query)
        except BadQueryError as exc:
            return (None if exc.rcode is None else query[:2] + header_only(query, exc.rcode)), 0.0
        return query[:2] + render(asked, ask(asked), tcp=tcp), 0.0
