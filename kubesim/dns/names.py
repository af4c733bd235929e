"""Domain names: text with dots inside this package, length-prefixed labels on the wire.

Names of a cluster have no dots or escapes within labels, so text without the final dot is enough; a query's name is
kept as it came (its case is echoed) beside its lower-case text.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

_ADDRESSES: Final = 8192  # as many are remembered: an answer for a large set is made anew at each of its changes


@lru_cache(maxsize=_ADDRESSES)
def to_wire(name: str) -> bytes:
    """Wire form of an absolute name given without its final dot."""
    labels = name.split(".") if name else []
    return b"".join(bytes((len(label),)) + label.encode("latin-1") for label in labels) + b"\0"


def suffixes(wire: bytes) -> list[tuple[int, bytes]]:
    """Offset within the name, and wire form, of the name and each of its parents, the root left out."""
    found, at = [], 0
    while wire[at]:
        found.append((at, wire[at:]))
        at += wire[at] + 1
    return found


def is_under(name: str, zone: str) -> bool:
    """Whether a lower-case name is a zone's apex or below it."""
    return not zone or name == zone or name.endswith("." + zone)


@lru_cache(maxsize=_ADDRESSES)
def reverse_name(address: str) -> str:
    """Where the PTR record of an address lives."""
    return ip_address(address).reverse_pointer


def reversed_address(name: str) -> str | None:
    """The address whose reverse name this is; None where it is none."""
    if name.endswith(".in-addr.arpa"):
        text = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    elif name.endswith(".ip6.arpa"):
        digits = name.removesuffix(".ip6.arpa").split(".")
        if len(digits) != 32 or any(len(d) != 1 for d in digits):  # noqa: PLR2004 - nibbles of an IPv6 address
            return None
        text = "".join(reversed(digits))
        text = ":".join(text[i : i + 4] for i in range(0, 32, 4))
    else:
        return None
    return normal_address(text)


@lru_cache(maxsize=_ADDRESSES)
def normal_address(text: str) -> str | None:
    """An address in its usual spelling; None where the text is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def address_label(address: str) -> str:
    """The label of an endpoint without a hostname: ``10-244-1-5``."""
    return address.replace(".", "-").replace(":", "-")


@lru_cache(maxsize=_ADDRESSES)
def is_ipv6(address: str) -> bool:
    """Whether an address belongs into an AAAA record."""
    return isinstance(ip_address(address), IPv6Address)


@lru_cache(maxsize=_ADDRESSES)
def packed(address: str) -> bytes:
    """The data of an address's A or AAAA record."""
    return ip_address(address).packed


@lru_cache(maxsize=_ADDRESSES)
def unpacked(data: bytes) -> str:
    """The address in an A or AAAA record."""
    return str(ip_address(data))
