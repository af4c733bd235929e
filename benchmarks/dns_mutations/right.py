"""Right answers: what a real CoreDNS gave, and forms with EDNS, compression, aliases and names from outside."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

_RECORDED = Path(__file__).parents[2] / "tests" / "kubesim" / "dns" / "real_answers.json"
_TYPES = ("A", "AAAA", "SRV", "PTR", "TXT", "CNAME")
_WEB, _ZONE = "web.ns.svc.cluster.local", "cluster.local."
_SOA = "30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1764190000 7200 1800 86400 30"
# Name, type, rcode, answers, authority, additional.
_MADE: tuple[tuple[str, str, int, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (f"web-1.{_WEB}", "A", 0, (f"web-1.{_WEB}. 30 IN A 10.244.1.7",), (), ()),
    (_WEB, "A", 0, tuple(f"{_WEB}. 30 IN A 10.244.1.{n}" for n in range(7, 10)), (), ()),
    (
        _WEB,
        "SRV",
        0,
        tuple(f"{_WEB}. 30 IN SRV 0 33 80 web-{n}.{_WEB}." for n in range(3)),
        (),
        tuple(f"web-{n}.{_WEB}. 30 IN A 10.244.1.{n + 7}" for n in range(3)),
    ),
    ("7.1.244.10.in-addr.arpa", "PTR", 0, (f"7.1.244.10.in-addr.arpa. 30 IN PTR web-1.{_WEB}.",), (), ()),
    (f"web-1.{_WEB}", "A", 3, (), (f"{_ZONE} {_SOA}",), ()),
    (f"web-1.{_WEB}", "AAAA", 0, (), (f"{_ZONE} {_SOA}",), ()),
    ("dns-version.cluster.local", "TXT", 0, ('dns-version.cluster.local. 30 IN TXT "1.1.0"',), (), ()),
    (
        "db.ns.svc.cluster.local",
        "A",
        0,
        (
            "db.ns.svc.cluster.local. 30 IN CNAME db.example.org.",
            "db.example.org. 60 IN CNAME eu.example.org.",
            "eu.example.org. 20 IN A 192.0.2.1",
            "eu.example.org. 20 IN A 192.0.2.2",
        ),
        (),
        (),
    ),
    (
        "gone.ns.svc.cluster.local",
        "A",
        3,
        ("gone.ns.svc.cluster.local. 30 IN CNAME gone.example.org.",),
        (f"example.org. {_SOA}",),
        (),
    ),
)


@dataclass(frozen=True)
class Rr:
    """A record, nothing of it compressed."""

    owner: bytes
    rtype: int
    rclass: int
    ttl_s: int
    data: bytes

    def wire(self) -> bytes:
        """As it stands in a message."""
        return self.owner + struct.pack("!HHIH", self.rtype, self.rclass, self.ttl_s, len(self.data)) + self.data


@dataclass(frozen=True)
class Right:
    """A right answer.

    Attributes:
        wire: as it came, behind an id of zero.
        question: its bytes, with type and class.
        sections: answers, authority and additional.
    """

    name: str
    rtype: str
    wire: bytes
    flags: int
    question: bytes
    sections: tuple[tuple[Rr, ...], ...]


def encode(flags: int, questions: list[bytes], sections: list[list[Rr]]) -> bytes:
    """A message of any content, behind an id of zero."""
    counts = [len(questions), *(len(section) for section in sections)]
    records = b"".join(rr.wire() for section in sections for rr in section)
    return struct.pack("!6H", 0, flags, *counts) + b"".join(questions) + records


def right_answers() -> list[Right]:
    """All of them."""
    return [*_recorded(), *_made()]


def _recorded() -> Iterator[Right]:
    recorded: dict[str, dict[str, str | None]] = json.loads(_RECORDED.read_text())
    for asked, answers in recorded.items():
        rtype, _, name = asked.partition(" ")
        wire = answers["udp"]
        if rtype in _TYPES and " " not in name and wire is not None:
            right = _right(name, rtype, bytes.fromhex(wire))
            if right.flags & dns.flags.TC == 0 and right.flags & 0xF in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                yield right


def _made() -> Iterator[Right]:
    for name, rtype, rcode, *sections in _MADE:
        for edns in (-1, 0):
            query = dns.message.make_query(name + ".", rtype, use_edns=edns, payload=4096)
            response = dns.message.make_response(query)
            response.set_rcode(dns.rcode.Rcode(rcode))
            for lines, section in zip(
                sections, (response.answer, response.authority, response.additional), strict=True
            ):
                for line in lines:
                    owner, ttl, rclass, kind, data = line.split(" ", 4)
                    section.append(dns.rrset.from_text(owner, int(ttl), rclass, kind, data))
            yield _right(name, rtype, response.to_wire())


def _right(name: str, rtype: str, wire: bytes) -> Right:
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    sections = [
        [
            Rr(rrset.name.to_wire() or b"", int(rrset.rdtype), int(rrset.rdclass), rrset.ttl, rrset[0].to_wire() or b"")
            for rrset in section
        ]
        for section in (message.answer, message.authority, message.additional)
    ]
    if message.opt is not None:
        options = message.opt
        sections[2].append(Rr(b"\0", int(options.rdtype), int(options.rdclass), options.ttl, b""))
    end = 12 + len(dns.name.from_text(name).to_wire() or b"") + 4
    flags = int.from_bytes(wire[2:4], "big")
    return Right(name, rtype, b"\0\0" + wire[2:], flags, wire[12:end], tuple(tuple(s) for s in sections))
