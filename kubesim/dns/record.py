"""Resource records, and the answer that they make up."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from kubesim.dns.names import is_ipv6, packed, to_wire


class RType(IntEnum):
    """Record types that mean something to CoreDNS here."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    TXT = 16
    AAAA = 28
    SRV = 33
    OPT = 41
    IXFR = 251
    AXFR = 252


class Rcode(IntEnum):
    """Response codes."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


class Name(NamedTuple):
    """A name inside a record's data, in wire form; SRV targets are never compressed (RFC 2782)."""

    wire: bytes
    compressible: bool = True

    def text(self) -> str:
        """The name without its final dot."""
        labels, at = [], 0
        while self.wire[at]:
            labels.append(self.wire[at + 1 : at + 1 + self.wire[at]].decode("latin-1"))
            at += self.wire[at] + 1
        return ".".join(labels)


class Record(NamedTuple):
    """One record; `data` is made of bytes and names."""

    owner: bytes
    rtype: int
    ttl_s: int
    data: tuple[bytes | Name, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question."""

    rcode: Rcode
    authoritative: bool = True
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()

    def with_ttl(self, ttl_s: int) -> Answer:
        """The same with another TTL in every record."""

        def changed(records: tuple[Record, ...]) -> tuple[Record, ...]:
            return tuple(r._replace(ttl_s=ttl_s) for r in records)

        return replace(
            self,
            answers=changed(self.answers),
            authority=changed(self.authority),
            additional=changed(self.additional),
        )


REFUSED = Answer(Rcode.REFUSED, authoritative=False)


def address_record(owner: bytes, address: str, ttl_s: int) -> Record:
    """A or AAAA."""
    return Record(owner, RType.AAAA if is_ipv6(address) else RType.A, ttl_s, (packed(address),))


def name_record(owner: bytes, rtype: RType, target: str, ttl_s: int) -> Record:
    """CNAME, NS or PTR."""
    return Record(owner, rtype, ttl_s, (Name(to_wire(target)),))


def srv_record(owner: bytes, weight: int, port: int, target: str, ttl_s: int) -> Record:
    """SRV with priority 0."""
    return Record(owner, RType.SRV, ttl_s, (struct.pack("!HHH", 0, weight, port), Name(to_wire(target), False)))


def txt_record(owner: bytes, text: str, ttl_s: int) -> Record:
    """TXT of one string."""
    return Record(owner, RType.TXT, ttl_s, (bytes((len(text),)) + text.encode(),))


def soa_record(zone: str, serial: int, ttl_s: int) -> Record:
    """CoreDNS's SOA: MINIMUM, the negative TTL, is the plugin's ttl."""
    names = (Name(to_wire(f"ns.dns.{zone}")), Name(to_wire(f"hostmaster.{zone}")))
    return Record(to_wire(zone), RType.SOA, ttl_s, (*names, struct.pack("!IIIII", serial, 7200, 1800, 86400, ttl_s)))
