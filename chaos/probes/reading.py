"""What an answer says about its question, and whether it says anything about it at all."""

from __future__ import annotations

import socket
import struct

import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from chaos.model.outcome import MALFORMED, NODATA, Outcome
from chaos.probes.wire import (
    AAAA,
    CNAME,
    IN,
    NS,
    OPT,
    PTR,
    SOA,
    SRV,
    A,
    DnsMessage,
    ResourceRecord,
    WireError,
    is_under,
    name_text,
    read_name,
)

_ADDRESSES = {A: (socket.AF_INET, 4), AAAA: (socket.AF_INET6, 16)}
_SRV_FIXED = struct.Struct("!3H")
_SOA_NUMBERS_BYTES = 20

AnswerContent = tuple[Outcome, str]  # and the value that stands first; servers vary the order


def read_records(message: DnsMessage, qname: bytes, rtype: int) -> AnswerContent:
    """What the records of an answer to this question say.

    Its answer section must hold nothing but a chain of aliases that begins at the question's name and records of
    the asked type at the chain's end: what else is there, it is no answer to this question, and says nothing.

    Args:
        message: whose header and question fit.
        qname: as `chaos.probes.wire.read_name` gives names.
        rtype: asked for.

    Raises:
        WireError: a record's data is not of its type's form.
    """
    rcode = message.rcode
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Outcome(dns.rcode.to_text(dns.rcode.Rcode(rcode))), ""
    _check_all(message)
    owner, chain = _follow(message, qname, rtype)
    found = [record for record in message.answers if record.rtype == rtype and record.owner == owner]
    strangers = len(message.answers) != len(chain) + len(found)
    loops = any(record.owner == owner for record in chain)
    misplaced = any(r.rtype == rtype and r.owner == owner for r in message.authority + message.additional)
    if strangers or loops or misplaced:
        return unfit("its answers are not those of the question"), ""
    if found and rcode == dns.rcode.NOERROR:
        return _positive(message, found, min(record.ttl_s for record in message.answers), rtype)
    if found:
        return unfit("it denies the name and answers it"), ""
    return _denial(message, owner, "NXDOMAIN" if rcode else NODATA, chain), ""


def _check_all(message: DnsMessage) -> None:
    """Nobody asked for DNSSEC, so beside the answers there are only servers, their zone and addresses.

    A record that none of this needs is no proof that the others came as they were sent, so each is looked at.
    """
    for record in message.authority:
        if record.rtype == SOA:
            _minimum(message, record)
        elif record.rtype == NS:
            message.name(record)
        else:
            raise WireError("it has records that nobody asked for")
    for record in message.additional:
        if record.rtype in _ADDRESSES:
            _address(message, record)
        elif record.rtype != OPT:
            raise WireError("it has records that nobody asked for")
    if any(r.rclass != IN and r.rtype != OPT for r in message.answers + message.authority + message.additional):
        raise WireError("it has records of another class")


def unfit(detail: str) -> Outcome:
    """An answer that cannot be taken for one."""
    return Outcome(MALFORMED, detail=detail)


def _follow(message: DnsMessage, qname: bytes, rtype: int) -> tuple[bytes, list[ResourceRecord]]:
    """The name at the end of the aliases that begin at the question's, and these."""
    chain: list[ResourceRecord] = []
    if rtype == CNAME:
        return qname, chain
    aliases = {record.owner: record for record in message.answers if record.rtype == CNAME}
    owner = qname
    while owner in aliases:
        record = aliases.pop(owner)
        chain.append(record)
        owner = message.name(record)
    return owner, chain


def _positive(message: DnsMessage, found: list[ResourceRecord], ttl_s: int, rtype: int) -> AnswerContent:
    values = [_value(message, record) for record in found]
    if rtype != SRV:
        return Outcome("NOERROR", values=tuple(sorted(set(values))), ttl=ttl_s), values[0]
    targets = {message.name(record, _SRV_FIXED.size) for record in found}
    beside = [record for record in message.additional if record.rtype != OPT]
    if any(record.owner not in targets for record in beside):
        return unfit("what stands beside its answers are not their addresses"), ""
    additional = {f"{name_text(record.owner)}={_address(message, record)}" for record in beside}
    outcome = Outcome(
        "NOERROR",
        # A service's name has a record for each port: a target counts once.
        values=tuple(sorted(set(values))),
        additional=tuple(sorted(additional)),
        srv=tuple(sorted({_srv(message, record) for record in found})),
        ttl=ttl_s,
    )
    return outcome, values[0]


def _denial(message: DnsMessage, owner: bytes, status: str, chain: list[ResourceRecord]) -> Outcome:
    """That a name does not exist, or has no such record; its lifetime is the SOA's (RFC 2308)."""
    zones = [record for record in message.authority if record.rtype == SOA]
    if not zones:
        # With other records in their place it is a referral, which denies nothing.
        return unfit("it refers to other servers") if message.authority else Outcome(status)
    if len(zones) > 1 or not is_under(owner, zones[0].owner):
        return unfit("its SOA record is not one of the name's zone")
    (zone,) = zones
    ttls = [record.ttl_s for record in chain]
    return Outcome(status, ttl=min(zone.ttl_s, _minimum(message, zone), *ttls))


def _minimum(message: DnsMessage, zone: ResourceRecord) -> int:
    _, at = read_name(message.data, read_name(message.data, zone.start)[1])
    if at + _SOA_NUMBERS_BYTES != zone.start + zone.size:
        raise WireError("a SOA record is not as long as it says")
    return int.from_bytes(message.raw(zone)[-4:], "big")


def _value(message: DnsMessage, record: ResourceRecord) -> str:
    if record.rtype in _ADDRESSES:
        return _address(message, record)
    if record.rtype == SRV:
        return name_text(message.name(record, _SRV_FIXED.size))
    if record.rtype == PTR:
        return name_text(message.name(record))
    if record.rtype == CNAME:
        return name_text(message.name(record)).removesuffix(".") + "."
    return _text(message, record)


def _address(message: DnsMessage, record: ResourceRecord) -> str:
    family, size = _ADDRESSES[record.rtype]
    if record.size != size:
        raise WireError("an address is not as long as addresses are")
    return socket.inet_ntop(family, message.raw(record))


def _srv(message: DnsMessage, record: ResourceRecord) -> str:
    priority, weight, port = _SRV_FIXED.unpack_from(message.data, record.start)
    return f"{priority} {weight} {port} {name_text(message.name(record, _SRV_FIXED.size))}"


def _text(message: DnsMessage, record: ResourceRecord) -> str:
    rdtype = dns.rdatatype.RdataType.make(record.rtype)
    try:
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, message.data, record.start, record.size)
        return rdata.to_text().strip('"')
    except Exception as exc:  # there are 70 types, each with a parser: none may end a run
        raise WireError(f"a {dns.rdatatype.to_text(rdtype)} record cannot be read") from exc
