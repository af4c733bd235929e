"""DNS questions encoded once, and answers parsed only when their bytes are new."""

from __future__ import annotations

from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from chaos.model.outcome import MALFORMED, NODATA, Outcome

# Room for the SRV records of a service with some 30 endpoints and ports: six Redis members with two ports need 1,459
# bytes. DNS flag day 2020 recommends 1232 against fragments that get lost on the Internet; inside a cluster's network a
# lost one becomes a TIMEOUT where the smaller size gave TRUNCATED, and neither says anything.
_EDNS_PAYLOAD_BYTES = 4096
# TTLs that count down and shuffled addresses make many forms of one answer; a bound keeps memory flat.
_MEMO_LIMIT = 1024
_QUESTIONS_KEPT = 4096

TRUNCATED = "TRUNCATED"


class StrayAnswerError(ValueError):
    """The datagram is not an answer to this question."""


class DnsQuestion:
    """One absolute name and type, encoded once.

    Args:
        name: absolute, without the final dot. No search path is ever applied.
        rtype: ``A``, ``SRV``, ``PTR`` or ``TXT``.

    Raises:
        ValueError: the name or type cannot be encoded.
    """

    def __init__(self, name: str, rtype: str) -> None:
        self.name = name
        self.rtype = rtype
        try:
            self._qname = dns.name.from_text(name.rstrip(".") + ".")
            self._rdtype = dns.rdatatype.from_text(rtype)
        except dns.exception.DNSException as exc:
            raise ValueError(f"{rtype} {name} is no DNS question: {exc}") from exc
        query = dns.message.make_query(self._qname, self._rdtype, use_edns=0, payload=_EDNS_PAYLOAD_BYTES)
        self.tail = query.to_wire()[2:]  # a two-byte id goes before it
        self._memo: dict[bytes, Outcome] = {}
        self._first: dict[bytes, str] = {}

    def read(self, data: bytes) -> Outcome:
        """What an answer (with its id) says.

        Raises:
            StrayAnswerError: it answers another question, or is no answer.
        """
        body = data[2:]
        known = self._memo.get(body)
        if known is None:
            known = self._parse(data)
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            self._memo[body] = known
        return known

    def first_address(self, data: bytes) -> str:
        """The address that stands first in an answer that `read` found to be NOERROR; servers vary the order."""
        known = self._first.get(data[2:])
        if known is None:
            rrsets = (r for r in dns.message.from_wire(data).answer if r.rdtype == self._rdtype)
            known = next(str(rdata) for rrset in rrsets for rdata in rrset)
            if len(self._first) >= _MEMO_LIMIT:
                self._first.clear()
            self._first[data[2:]] = known
        return known

    def _parse(self, data: bytes) -> Outcome:
        try:
            message = dns.message.from_wire(data)
        except (dns.exception.DNSException, ValueError, IndexError) as exc:
            return Outcome(MALFORMED, detail=f"{type(exc).__name__}: {exc}"[:120])
        if not message.flags & dns.flags.QR:
            raise StrayAnswerError("a query came back instead of an answer")
        if message.question and (message.question[0].name != self._qname or message.question[0].rdtype != self._rdtype):
            raise StrayAnswerError(f"it answers {message.question[0]}")
        if message.flags & dns.flags.TC:
            return Outcome(TRUNCATED, detail="the answer did not fit into a UDP datagram")
        if message.rcode() != dns.rcode.NOERROR:
            return Outcome(dns.rcode.to_text(message.rcode()), ttl=_negative_ttl(message))
        return self._positive(message)

    def _positive(self, message: dns.message.Message) -> Outcome:
        values: list[str] = []
        ttls: list[int] = []
        for rrset in message.answer:
            if rrset.rdtype != self._rdtype:
                continue  # a CNAME before the addresses
            ttls.append(rrset.ttl)
            values.extend(_value_text(rdata, self.rtype) for rdata in rrset)
        if not values:
            return Outcome(NODATA, ttl=_negative_ttl(message))
        additional = sorted(
            f"{rrset.name.to_text(omit_final_dot=True)}={rdata.address}"
            for rrset in message.additional
            if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
            for rdata in rrset
        )
        # The SRV records of a service's name are one for each port: a target counts once.
        return Outcome("NOERROR", values=tuple(sorted(set(values))), additional=tuple(additional), ttl=min(ttls))


@lru_cache(maxsize=_QUESTIONS_KEPT)
def shared_question(name: str, rtype: str) -> DnsQuestion:
    """One question for all views and vantages that ask it: what was encoded and read once is known to all.

    Raises:
        ValueError: the name or type cannot be encoded.
    """
    return DnsQuestion(name, rtype)


def _value_text(rdata: object, rtype: str) -> str:
    if rtype in ("SRV", "PTR"):
        target: dns.name.Name = rdata.target  # type: ignore[attr-defined]  # of SRV and PTR
        return target.to_text(omit_final_dot=True)
    return str(rdata).strip('"')


def _negative_ttl(message: dns.message.Message) -> int | None:
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return min(rrset.ttl, int(rrset[0].minimum))
    return None
