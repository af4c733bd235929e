"""What may be taken from an answer: dnspython's strict reader and the rules below, nothing of the probes' own."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_IN = dns.rdataclass.IN
# QR, opcode, TC, RD, Z and CD: of an answer to our query they are known. AA, RA and AD are the server's own.
_KNOWN_FLAGS, _OUR_FLAGS = 0x8000 | 0x7800 | 0x0200 | 0x0100 | 0x0040 | 0x0010, 0x8000 | 0x0100
_ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)
_SERVERS = (dns.rdatatype.NS, dns.rdatatype.SOA)


@dataclass(frozen=True)
class Fact:
    """What an answer establishes: that these records are all of the name's, or that there are none.

    Attributes:
        records: data of each, as text in lower case (but for TXT).
        beside: SRV: targets and addresses of the additional section.
    """

    status: str
    records: frozenset[str] = frozenset()
    beside: frozenset[tuple[str, str]] = frozenset()


def fact(data: bytes, query_id: int, name: str, rtype: str) -> Fact | None:
    """What the answer to this query establishes; None where it is no answer to it, or establishes nothing."""
    qname, rdtype = dns.name.from_text(name), dns.rdatatype.from_text(rtype)
    try:
        message = dns.message.from_wire(data, one_rr_per_rrset=True, keyring=False)
        sections = [message.answer, message.authority, message.additional]
        flags, questions = struct.unpack_from("!HH", data, 2)
    except Exception:  # noqa: BLE001 - whatever dnspython cannot read
        return None
    question = [(q.name, q.rdtype, q.rdclass) for q in message.question]
    if message.id != query_id or flags & _KNOWN_FLAGS != _OUR_FLAGS:
        return None
    if questions != 1 or question != [(qname, rdtype, _IN)]:
        return None
    return _established(sections, int(message.rcode()), qname, rdtype)


def _established(
    sections: list[list[dns.rrset.RRset]], rcode: int, qname: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> Fact | None:
    answers, authority, additional = sections
    if rcode not in (0, 3) or any(r.rdclass != _IN for section in sections for r in section):
        return None
    # Nothing else was asked for, and nothing else is sent by servers that are not asked for DNSSEC.
    if any(r.rdtype not in _SERVERS for r in authority) or any(r.rdtype not in _ADDRESSES for r in additional):
        return None
    owner, rest = _behind_aliases(answers, qname, rdtype)
    strangers = any((r.name, r.rdtype) != (owner, rdtype) for r in rest)
    if strangers or any(r.name == owner and r.rdtype == rdtype for r in (*authority, *additional)):
        return None
    if rest:
        return _present(rest, additional, rdtype) if rcode == 0 else None
    zones = [r for r in authority if r.rdtype == dns.rdatatype.SOA]
    if authority and (len(zones) != 1 or not owner.is_subdomain(zones[0].name)):
        return None
    return Fact("NXDOMAIN" if rcode else "NODATA")


def _behind_aliases(
    answers: list[dns.rrset.RRset], qname: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> tuple[dns.name.Name, list[dns.rrset.RRset]]:
    """The name that the aliases lead to, and what else there is; an alias too many, or in a loop, stays among it."""
    rest, owner, seen = list(answers), qname, {qname}
    while rdtype != dns.rdatatype.CNAME:
        aliases = [r for r in rest if r.name == owner and r.rdtype == dns.rdatatype.CNAME]
        if len(aliases) != 1 or aliases[0][0].target in seen:
            break
        rest = [r for r in rest if r is not aliases[0]]
        owner = aliases[0][0].target
        seen.add(owner)
    return owner, rest


def _present(
    rest: list[dns.rrset.RRset], additional: list[dns.rrset.RRset], rdtype: dns.rdatatype.RdataType
) -> Fact | None:
    texts = [r[0].to_text() for r in rest]
    is_text = rdtype == dns.rdatatype.TXT
    records = frozenset(text.strip('"') if is_text else text.lower() for text in texts)
    if rdtype != dns.rdatatype.SRV:
        return Fact("NOERROR", records)
    targets = {r[0].target for r in rest}
    if any(r.name not in targets for r in additional):
        return None
    beside = frozenset((r.name.to_text(omit_final_dot=True).lower(), r[0].address) for r in additional)
    return Fact("NOERROR", records, beside)
