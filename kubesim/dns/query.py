"""Reading queries as CoreDNS's DNS library (miekg/dns) does."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kubesim.dns.record import Rcode, RType

HEADER_BYTES = 12
CLASS_IN = 1
QR, OPCODE, AA, TC, RD, CD = 0x8000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0010
DO = 0x8000
_QUERY, _NOTIFY = 0, 4
_MAX_LABEL_BYTES, _MAX_NAME_BYTES = 63, 255
_MAX_ANSWERS, _MAX_AUTHORITIES, _MAX_ADDITIONALS = 1, 1, 2
# NSID, EXPIRE, COOKIE, TCP keepalive and padding are echoed; all others are dropped.
_ECHOED_OPTIONS = frozenset({3, 9, 10, 11, 12})


class BadQueryError(Exception):
    """A query that gets no proper answer.

    Attributes:
        rcode: what is answered, with a header only; None: silence.
    """

    def __init__(self, rcode: Rcode | None) -> None:
        super().__init__(rcode)
        self.rcode = rcode


@dataclass(frozen=True, slots=True)
class Edns:
    """The query's OPT record."""

    payload_bytes: int
    version: int
    dnssec_ok: bool
    options: bytes

    def record(self) -> bytes:
        """The OPT record of the response."""
        ttl = DO if self.dnssec_ok else 0
        return b"\0" + struct.pack("!HHIH", RType.OPT, self.payload_bytes, ttl, len(self.options)) + self.options


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one question.

    Attributes:
        flags: the header's, as they came.
        question: the question section's bytes.
        qname: the name's wire form, as it came.
        name: its text, lower case, without the final dot.
    """

    flags: int
    question: bytes
    qname: bytes
    name: str
    qtype: int
    qclass: int
    edns: Edns | None


def parse(data: bytes) -> Query:
    """Read a query.

    Raises:
        BadQueryError: it is none, or CoreDNS would not accept it.
    """
    if len(data) < HEADER_BYTES:
        raise BadQueryError(None)
    flags, questions, answers, authorities, additionals = struct.unpack_from("!5H", data, 2)
    if flags & QR:
        raise BadQueryError(None)
    if (flags & OPCODE) >> 11 not in (_QUERY, _NOTIFY):
        raise BadQueryError(Rcode.NOTIMP)
    if questions != 1 or answers > _MAX_ANSWERS or authorities > _MAX_AUTHORITIES or additionals > _MAX_ADDITIONALS:
        raise BadQueryError(Rcode.FORMERR)
    if len(data) == HEADER_BYTES:
        raise BadQueryError(Rcode.SERVFAIL)  # as the library reads a header alone: no question at all
    at = _end_of_name(data, HEADER_BYTES)
    if len(data) < at + 4:
        raise BadQueryError(Rcode.FORMERR)
    qname = data[HEADER_BYTES:at]
    qtype, qclass = struct.unpack_from("!HH", data, at)
    edns = _edns(data, at + 4, answers + authorities + additionals)
    return Query(flags, data[HEADER_BYTES : at + 4], qname, _text(qname), qtype, qclass, edns)


def _end_of_name(data: bytes, at: int) -> int:
    """Offset after a name that starts there; compression makes no sense in a lone question.

    Raises:
        BadQueryError: the name runs over its end, or its limits.
    """
    start = at
    while at < len(data):
        size = data[at]
        at += 1
        if not size:
            return at
        if size > _MAX_LABEL_BYTES:
            break
        at += size
        if at - start >= _MAX_NAME_BYTES:
            break
    raise BadQueryError(Rcode.FORMERR)


def _text(wire: bytes) -> str:
    labels, at = [], 0
    while wire[at]:
        label = wire[at + 1 : at + 1 + wire[at]].decode("latin-1").lower()
        labels.append(label.replace(".", "\\."))  # no name of a cluster has a dot in a label
        at += wire[at] + 1
    return ".".join(labels)


def _edns(data: bytes, at: int, records: int) -> Edns | None:
    """The OPT record among the records after the question.

    Raises:
        BadQueryError: a record runs over the end of the message.
    """
    for _ in range(records):
        if at >= len(data):
            return None  # the header may promise more records than the message has
        at = at + 2 if data[at] & 0xC0 == 0xC0 else _end_of_name(data, at)  # noqa: PLR2004 - a compression pointer
        if len(data) < at + 10:
            raise BadQueryError(Rcode.FORMERR)
        rtype, payload_bytes, ttl, size = struct.unpack_from("!HHIH", data, at)
        at += 10 + size
        if len(data) < at:
            raise BadQueryError(Rcode.FORMERR)
        if rtype == RType.OPT:
            options = _echoed(data[at - size : at])
            return Edns(payload_bytes, (ttl >> 16) & 0xFF, bool(ttl & DO), options)
    return None


def _echoed(options: bytes) -> bytes:
    kept, at = b"", 0
    while len(options) >= at + 4:
        code, size = struct.unpack_from("!HH", options, at)
        if len(options) < at + 4 + size:
            raise BadQueryError(Rcode.FORMERR)
        if code in _ECHOED_OPTIONS:
            kept += options[at : at + 4 + size]
        at += 4 + size
    return kept
