"""Reads DNS messages strictly (RFC 1035): from any bytes comes either a whole message or one kind of error."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import dns.name

HEADER_BYTES = 12
QR, OPCODE, TC, RD, Z, CD = 0x8000, 0x7800, 0x0200, 0x0100, 0x0040, 0x0010
RCODE = 0x000F

IN = 1
A, NS, CNAME, SOA, PTR, AAAA, SRV, OPT = 1, 2, 5, 6, 12, 28, 33, 41

_MAX_LABEL_BYTES, _MAX_NAME_BYTES = 63, 255
_POINTER = 0xC0
# RFC 2181, section 8: a TTL with the highest bit set counts as zero.
_TTL_LIMIT_S = 1 << 31
_NAMES_KEPT = 4096

_COUNTS = struct.Struct("!3H")
_FIXED = struct.Struct("!HHIH")
_OPTION = struct.Struct("!HH")


class WireError(ValueError):
    """The bytes are no well-formed DNS message."""


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One record.

    Attributes:
        owner: the name in wire form, without compression and in lower case, so that equal names are equal bytes.
        rclass: of an OPT record, the sender's UDP payload size.
        start: where its data begins in the message, which compressed names in it need.
    """

    owner: bytes
    rtype: int
    rclass: int
    ttl_s: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class DnsMessage:
    """The records of a message of one question; every byte belongs to one."""

    data: bytes
    answers: tuple[ResourceRecord, ...]
    authority: tuple[ResourceRecord, ...]
    additional: tuple[ResourceRecord, ...]

    @property
    def rcode(self) -> int:
        """The header's four bits, and above them those of the OPT record (RFC 6891)."""
        extended = next((record.ttl_s >> 24 for record in self.additional if record.rtype == OPT), 0)
        return extended << 4 | self.data[3] & RCODE

    def name(self, record: ResourceRecord, skipped_bytes: int = 0) -> bytes:
        """The name that the record's data ends with, behind so many bytes.

        Raises:
            WireError: there is none, or it does not end where the data does.
        """
        found, at = read_name(self.data, record.start + skipped_bytes)
        if at != record.start + record.size:
            raise WireError("a name does not fill its record")
        return found

    def raw(self, record: ResourceRecord) -> bytes:
        """The record's data as it came."""
        return self.data[record.start : record.start + record.size]


def read_message(data: bytes, at: int) -> DnsMessage:
    """Read all records of a message whose question section ends at an offset.

    Raises:
        WireError: a record or name runs over its end, a name is longer than names can be or leads to itself, bytes are
            left over, or an OPT record is where none can be.
    """
    sections = []
    for count in _COUNTS.unpack_from(data, 6):
        records = []
        for _ in range(count):
            record, at = _read_record(data, at)
            records.append(record)
        sections.append(tuple(records))
    if at != len(data):
        raise WireError("bytes are left over")
    answers, authority, additional = sections
    options = [record for record in additional if record.rtype == OPT]
    if len(options) > 1 or any(record.owner != b"\0" for record in options):
        raise WireError("its OPT record is not as RFC 6891 wants it")
    for record in options:
        _check_options(data[record.start : record.start + record.size])
    if any(record.rtype == OPT for record in answers + authority):
        raise WireError("an OPT record stands among the answers")
    return DnsMessage(data, answers, authority, additional)


def _check_options(options: bytes) -> None:
    at = 0
    while len(options) - at >= _OPTION.size:
        at += _OPTION.size + _OPTION.unpack_from(options, at)[1]
    if at != len(options):
        raise WireError("its OPT record is not as RFC 6891 wants it")


def _read_record(data: bytes, at: int) -> tuple[ResourceRecord, int]:
    owner, at = read_name(data, at)
    start = at + _FIXED.size
    if start > len(data):
        raise WireError("a record is cut off")
    rtype, rclass, ttl_s, size = _FIXED.unpack_from(data, at)
    if start + size > len(data):
        raise WireError("a record is longer than its message")
    if ttl_s >= _TTL_LIMIT_S and rtype != OPT:
        ttl_s = 0
    return ResourceRecord(owner, rtype, rclass, ttl_s, start, size), start + size


def read_name(data: bytes, at: int) -> tuple[bytes, int]:
    """A name that begins at an offset, in wire form and lower case, and the offset behind it.

    Raises:
        WireError: it is none. A pointer must lead to a name that ends before the one with the pointer begins, so none
            can lead to itself.
    """
    found = b""
    begins, limit, end = at, len(data), -1
    while True:
        label = _label(data, at, limit)
        at += len(label)
        if label[0] >= _POINTER:
            if end < 0:
                end = at
            at = (label[0] & ~_POINTER) << 8 | label[1]
            if at >= begins:
                raise WireError("a name leads to itself")
            begins, limit = at, begins
            continue
        found += label
        if len(found) > _MAX_NAME_BYTES:
            raise WireError("a name is too long")
        if label == b"\0":
            # Lengths are below 64, so lower case changes letters only.
            return found.lower(), at if end < 0 else end


def _label(data: bytes, at: int, limit: int) -> bytes:
    """A label with its length, or a pointer, that ends before the limit."""
    size = data[at] if at < limit else 0
    if _MAX_LABEL_BYTES < size < _POINTER:
        raise WireError("a label is of no known type")
    wanted = 2 if size >= _POINTER else 1 + size
    label = data[at : min(at + wanted, limit)]
    if len(label) < wanted:
        raise WireError("a name is cut off")
    return label


def is_under(name: bytes, ancestor: bytes) -> bool:
    """Whether a name is an ancestor's own or below it, both in wire form."""
    at = 0
    while len(name) - at > len(ancestor):
        at += 1 + name[at]
    return name[at:] == ancestor


@lru_cache(maxsize=_NAMES_KEPT)
def name_text(name: bytes) -> str:
    """A name of `read_name` as text, without the final dot."""
    return dns.name.from_wire(name, 0)[0].to_text(omit_final_dot=True)
