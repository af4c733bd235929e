"""Replies in RESP2 and RESP3."""

from __future__ import annotations

from typing import NamedTuple

_RESP3 = 3


class Status(NamedTuple):
    """A simple string, such as OK."""

    text: str


class Verbatim(NamedTuple):
    """Text for people: a bulk string before RESP3."""

    text: str


class RedisError(Exception):
    """An error reply; its first word is the code, such as ``ERR``."""


Reply = Status | Verbatim | RedisError | int | bytes | None | list["Reply"] | dict[bytes, "Reply"]
OK = Status("OK")


def encode(reply: Reply, protocol: int) -> bytes:
    """The bytes of a reply.

    Args:
        reply: None is a null; a dict is a map, before RESP3 an array of keys and values.
        protocol: 2 or 3, as HELLO has chosen.
    """
    resp3 = protocol == _RESP3
    match reply:
        case None:
            data = b"_\r\n" if resp3 else b"$-1\r\n"
        case Status():
            data = b"+%s\r\n" % reply.text.encode()
        case RedisError():
            # A line break would end the reply early; the server sends spaces instead.
            data = b"-%s\r\n" % str(reply).translate({10: " ", 13: " "}).encode("latin-1")
        case Verbatim():
            text = reply.text.encode()
            data = b"=%d\r\ntxt:%s\r\n" % (len(text) + 4, text) if resp3 else b"$%d\r\n%s\r\n" % (len(text), text)
        case int():
            data = b":%d\r\n" % reply
        case bytes():
            data = b"$%d\r\n%s\r\n" % (len(reply), reply)
        case list():
            data = b"*%d\r\n" % len(reply) + b"".join(encode(item, protocol) for item in reply)
        case dict():
            head = b"%%%d\r\n" % len(reply) if resp3 else b"*%d\r\n" % (2 * len(reply))
            data = head + b"".join(encode(item, protocol) for pair in reply.items() for item in pair)
    return data
