"""Ways in which an answer stops being the right one, or nearly does."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import dns.name

from benchmarks.dns_mutations.right import Right, Rr, encode

_HEADER_BYTES = 12
_FOREIGN = tuple(
    dns.name.from_text(name).to_wire() or b""
    for name in ("web-9.web.ns.svc.cluster.local", "evil.example", "local", ".", "web.ns.svc.cluster.loca", "xn--p1ai")
)
_RTYPES = (1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 41, 43, 46, 64, 65, 250, 255, 65280)
_RCLASSES = (0, 2, 3, 4, 254, 255, 4096, 0x8001)
_TTLS_S = (0, 1, (1 << 31) - 1, 1 << 31, (1 << 31) + 30, (1 << 32) - 1)
_LABEL_CASE = 0x20

_OFTEN = 0.7

Mutation = Callable[[random.Random, Right, Right], bytes]


def flip_bits(rng: random.Random, right: Right, _other: Right) -> bytes:
    data = bytearray(right.wire)
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(2, len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def change_bytes(rng: random.Random, right: Right, _other: Right) -> bytes:
    data = bytearray(right.wire)
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(2, len(data))] = rng.randrange(256)
    return bytes(data)


def cut(rng: random.Random, right: Right, _other: Right) -> bytes:
    return right.wire[: rng.randrange(len(right.wire))]


def append(rng: random.Random, right: Right, other: Right) -> bytes:
    garbage = rng.choice((b"\0", rng.randbytes(rng.randint(1, 40)), right.wire, other.wire[_HEADER_BYTES:]))
    return right.wire + garbage


def change_id(rng: random.Random, right: Right, _other: Right) -> bytes:
    return rng.randrange(1, 1 << 16).to_bytes(2, "big") + right.wire[2:]


def change_flags(rng: random.Random, right: Right, _other: Right) -> bytes:
    flags = right.flags ^ (1 << rng.randrange(16)) if rng.random() < _OFTEN else rng.randrange(1 << 16)
    return right.wire[:2] + flags.to_bytes(2, "big") + right.wire[4:]


def change_opcode(rng: random.Random, right: Right, _other: Right) -> bytes:
    flags = right.flags & ~0x7800 | rng.choice((1, 2, 4, 4, 5, 6, 15)) << 11
    return right.wire[:2] + flags.to_bytes(2, "big") + right.wire[4:]


def change_counts(rng: random.Random, right: Right, _other: Right) -> bytes:
    counts = list(struct.unpack_from("!4H", right.wire, 4))
    for _ in range(rng.randint(1, 2)):
        which = rng.randrange(4)
        counts[which] = max(0, counts[which] + rng.choice((-1, 1))) if rng.random() < _OFTEN else rng.randrange(1 << 16)
    return right.wire[:4] + struct.pack("!4H", *counts) + right.wire[_HEADER_BYTES:]


def change_question(rng: random.Random, right: Right, other: Right) -> bytes:
    ours = right.question
    questions = rng.choice(
        (
            [],
            [ours, ours],
            [other.question],
            [other.question, ours],
            [ours[:-4] + rng.choice(_RTYPES).to_bytes(2, "big") + ours[-2:]],
            [ours[:-2] + rng.choice(_RCLASSES).to_bytes(2, "big")],
            [rng.choice(_FOREIGN) + ours[-4:]],
            [b"\xc0\x0c" + ours[-4:]],
            [_recased(rng, ours[:-4]) + ours[-4:]],
        )
    )
    return encode(right.flags, questions, _sections(right))


def change_a_record(rng: random.Random, right: Right, _other: Right) -> bytes:
    """Its owner, type, class, TTL or data, or another case of its owner's letters, which changes nothing."""
    sections = _sections(right)
    section = rng.choice([s for s in sections if s] or [sections[2]])
    if section:
        at = rng.randrange(len(section))
        rr = section[at]
        section[at] = rng.choice(
            (
                replace(rr, owner=rng.choice(_FOREIGN)),
                replace(rr, owner=b"\1x" + rr.owner),
                replace(rr, owner=rr.owner[1 + rr.owner[0] :] or b"\0"),
                replace(rr, rtype=rng.choice(_RTYPES)),
                replace(rr, rclass=rng.choice(_RCLASSES)),
                replace(rr, ttl_s=rng.choice(_TTLS_S)),
                replace(rr, data=rng.randbytes(len(rr.data))),
                replace(rr, data=rr.data[: rng.randrange(len(rr.data) + 1)]),
                replace(rr, data=rr.data + rng.randbytes(rng.randint(1, 4))),
                replace(rr, owner=_recased(rng, rr.owner)),
            )
        )
    return encode(right.flags, [right.question], sections)


def add_a_record(rng: random.Random, right: Right, other: Right) -> bytes:
    """Of another answer, of another name, or an alias: connected, unconnected, or in a loop."""
    sections = _sections(right)
    name = right.question[:-4]
    strangers = [rr for section in other.sections for rr in section] or [Rr(name, 1, 1, 30, bytes(4))]
    one = rng.choice(strangers)
    added = rng.choice(
        (
            one,
            replace(one, owner=name),
            Rr(rng.choice(_FOREIGN), 5, 1, 30, rng.choice((name, *_FOREIGN))),
            Rr(name, 5, 1, 30, rng.choice((name, *_FOREIGN))),
            Rr(name, rng.choice(_RTYPES), 1, 30, bytes(4)),
        )
    )
    section = rng.choice(sections)
    section.insert(rng.randint(0, len(section)), added)
    return encode(right.flags, [right.question], sections)


def drop_or_move_a_record(rng: random.Random, right: Right, _other: Right) -> bytes:
    sections = _sections(right)
    section = rng.choice([s for s in sections if s] or [sections[2]])
    if section:
        rr = section.pop(rng.randrange(len(section)))
        if rng.random() < _OFTEN:
            rng.choice(sections).append(rr)
    return encode(right.flags, [right.question], sections)


def point(rng: random.Random, right: Right, _other: Right) -> bytes:
    """A compression pointer where a label or anything else was: into the header, to itself, forwards, in a loop."""
    data = bytearray(right.wire)
    at = rng.randrange(_HEADER_BYTES, len(data) - 1)
    target = rng.choice((at, at + 2, at - 1, _HEADER_BYTES, rng.randrange(len(data)), rng.randrange(1 << 14)))
    struct.pack_into("!H", data, at, 0xC000 | target & 0x3FFF)
    return bytes(data)


def point_from_owner(rng: random.Random, right: Right, _other: Right) -> bytes:
    """All owners compressed, most of them as they should be."""
    sections = _sections(right)
    offset = (
        _HEADER_BYTES if rng.random() < _OFTEN else rng.randrange(_HEADER_BYTES, _HEADER_BYTES + len(right.question))
    )
    pointer = struct.pack("!H", 0xC000 | offset)
    for section in sections:
        section[:] = [replace(rr, owner=pointer if rr.rtype not in (6, 41) else rr.owner) for rr in section]
    return encode(right.flags, [right.question], sections)


def lie_about_a_size(rng: random.Random, right: Right, _other: Right) -> bytes:
    sections = _sections(right)
    whole = encode(right.flags, [right.question], sections)
    at = _HEADER_BYTES + len(right.question)
    sizes = []
    for rr in (rr for section in sections for rr in section):
        sizes.append(at + len(rr.owner) + 8)
        at += len(rr.wire())
    if not sizes:
        return whole
    data = bytearray(whole)
    at = rng.choice(sizes)
    (size,) = struct.unpack_from("!H", data, at)
    struct.pack_into("!H", data, at, max(0, size + rng.choice((-4, -2, -1, 1, 2, 4, 300))) % (1 << 16))
    return bytes(data)


def splice(rng: random.Random, right: Right, other: Right) -> bytes:
    """The beginning of one answer and the end of another."""
    return right.wire[: rng.randrange(len(right.wire))] + other.wire[rng.randrange(len(other.wire)) :]


def nothing(_rng: random.Random, right: Right, _other: Right) -> bytes:
    """The right answer: it must count, or the attack tells nothing."""
    return right.wire


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    change_bytes,
    cut,
    append,
    change_id,
    change_flags,
    change_opcode,
    change_counts,
    change_question,
    change_a_record,
    add_a_record,
    drop_or_move_a_record,
    point,
    point_from_owner,
    lie_about_a_size,
    splice,
    nothing,
)


def _sections(right: Right) -> list[list[Rr]]:
    return [list(section) for section in right.sections]


def _recased(rng: random.Random, name: bytes) -> bytes:
    return bytes(c ^ _LABEL_CASE if chr(c).isalpha() and c < 128 and rng.random() < _OFTEN else c for c in name)  # noqa: PLR2004 - ASCII
