"""Writing responses: plain where they fit, compressed and truncated where not, as CoreDNS does."""

from __future__ import annotations

import struct

from kubesim.dns.names import suffixes
from kubesim.dns.query import AA, CD, HEADER_BYTES, OPCODE, QR, RD, TC, Query
from kubesim.dns.record import Answer, Name, Rcode, Record, RType

_MIN_UDP_BYTES, _MAX_TCP_BYTES = 512, 65535
_FRAGMENT_BYTES = 1480  # CoreDNS compresses larger UDP answers over IPv4 even where the client would take them
_MAX_POINTER = 0x4000


def header_only(query: bytes, rcode: Rcode) -> bytes:
    """A response, without its id, to a query whose question could not be read."""
    flags = struct.unpack_from("!H", query, 2)[0]
    return struct.pack("!5H", QR | flags & (OPCODE | RD) | rcode, 0, 0, 0, 0)


def bad_version(query: Query) -> bytes:
    """A response, without its id, to an EDNS version that does not exist."""
    opt = b"\0" + struct.pack("!HHIH", RType.OPT, 0, 1 << 24, 0)
    return struct.pack("!5H", _flags(query, Rcode.NOERROR, authoritative=False), 1, 0, 0, 1) + query.question + opt


def render(query: Query, answer: Answer, *, tcp: bool) -> bytes:
    """A response, without its id."""
    opt = query.edns.record() if query.edns else b""
    limit = _MAX_TCP_BYTES
    if not tcp:
        limit = max(_MIN_UDP_BYTES, query.edns.payload_bytes if query.edns else 0)
    sections = (answer.answers, answer.authority, answer.additional)
    flags = _flags(query, answer.rcode, authoritative=answer.authoritative)
    plain = b"".join(_plain(record) for section in sections for record in section)
    size = HEADER_BYTES + len(query.question) + len(plain) + len(opt)
    counts = [len(section) for section in sections]
    if size > limit or (not tcp and size > _FRAGMENT_BYTES):
        writer = _Writer(query, limit - len(opt))
        kept = [writer.section(section) for section in sections]
        if kept != counts:
            flags |= TC
        counts, plain = kept, writer.body()
    counts[2] += bool(opt)
    return struct.pack("!5H", flags, 1, *counts) + query.question + plain + opt


def _flags(query: Query, rcode: Rcode, *, authoritative: bool) -> int:
    echoed = OPCODE if query.flags & OPCODE else RD | CD
    return QR | query.flags & echoed | (AA if authoritative else 0) | rcode


def _plain(record: Record) -> bytes:
    data = b"".join(part.wire if isinstance(part, Name) else part for part in record.data)
    return record.owner + struct.pack("!HHIH", record.rtype, 1, record.ttl_s, len(data)) + data


class _Writer:
    """Adds records with compressed names until one does not fit; nothing is added after that."""

    def __init__(self, query: Query, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._offsets: dict[bytes, int] = {}
        self._data = bytearray(HEADER_BYTES)
        self._name(query.qname)
        self._data += query.question[len(query.qname) :]
        self._start = len(self._data)
        self._full = False

    def section(self, records: tuple[Record, ...]) -> int:
        """Add as many as fit; how many."""
        for i, record in enumerate(records):
            if self._full or not self._add(record):
                self._full = True
                return i
        return len(records)

    def body(self) -> bytes:
        """What was added."""
        return bytes(self._data[self._start :])

    def _add(self, record: Record) -> bool:
        before, offsets = len(self._data), dict(self._offsets)
        self._name(record.owner)
        self._data += struct.pack("!HHIH", record.rtype, 1, record.ttl_s, 0)
        data_start = len(self._data)
        for part in record.data:
            if isinstance(part, Name):
                self._name(part.wire, compress=part.compressible)
            else:
                self._data += part
        struct.pack_into("!H", self._data, data_start - 2, len(self._data) - data_start)
        if len(self._data) > self._limit_bytes:
            del self._data[before:]
            self._offsets = offsets
            return False
        return True

    def _name(self, wire: bytes, *, compress: bool = True) -> None:
        base = len(self._data)
        for at, suffix in suffixes(wire):
            known = self._offsets.get(suffix)
            if known is None:
                if base + at < _MAX_POINTER:
                    self._offsets[suffix] = base + at
            elif compress:
                self._data += wire[:at] + struct.pack("!H", 0xC000 | known)
                return
        self._data += wire
