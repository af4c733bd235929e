"""Other words for names and addresses of a cluster: the same one for the same name, so that all still reads."""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

LEFT_OUT = "(left out)"
# Of benchmarks and of documentation (RFC 2544, RFC 3849): nobody's.
_V4, _V6 = int(IPv4Address("198.18.0.0")), int(IPv6Address("2001:db8::"))
_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)|(?<![\w.:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])"
)
_UID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_URL_HOST = re.compile(r"(?<=://)(?!www\.w3\.org/)[^\s/\"'<>`]+")
_REGISTRY = re.compile(
    r"(?<![\w./:-])(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?|[a-z0-9-]+:\d+)(?=/[a-z0-9])"
)
# Names that every cluster has: they reveal nothing, and replacing them would make the copy harder to read.
_COMMON = frozenset({"", "default", "kube-system", "service", "local", "cluster.local", "kubernetes"})


class Pseudonyms:
    """Collects names, then rewrites texts."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._other: dict[tuple[str, str], str] = {}

    def add(self, kind: str, *names: object) -> None:
        """Names to be replaced by KIND-1, KIND-2, …; before anything is rewritten."""
        for name in map(str, names):
            if name not in _COMMON and name not in self._names:
                self._names[name] = self._next(kind)

    def text(self, text: str) -> str:
        """A text with other words for what is in it."""
        text = _UID.sub(lambda found: self._pseudonym("uid", found[0]), text)
        text = self._in_names.sub(lambda found: self._names[found[0]], text) if self._names else text
        text = _ADDRESS.sub(self._address, text)
        text = _URL_HOST.sub(lambda found: self._pseudonym("host", found[0]), text)
        return _REGISTRY.sub(lambda found: self._pseudonym("registry", found[0]), text)

    def value(self, value: Any) -> Any:
        """Whatever JSON knows, with texts rewritten, and keys that are names or addresses."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self._key(key): self.value(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        return value

    @cached_property
    def _in_names(self) -> re.Pattern[str]:
        longest_first = sorted(self._names, key=len, reverse=True)
        # A pod's name goes on with its number after the StatefulSet's; what stands before makes it another name.
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def _key(self, key: object) -> str:
        text = str(key)
        return self.text(text) if text in self._names or _ADDRESS.fullmatch(text) or _UID.fullmatch(text) else text

    def _next(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}-{self._counts[kind]}"

    def _pseudonym(self, kind: str, found: str) -> str:
        if found in self._other.values():
            return found
        if (kind, found) not in self._other:
            self._other[kind, found] = self._next(kind)
        return self._other[kind, found]

    def _address(self, found: re.Match[str]) -> str:
        try:
            address = ip_address(found[0])
        except ValueError:
            return found[0]  # a time of day, say
        if address.is_loopback or address.is_unspecified:
            return found[0]
        key = ("address", str(address))
        if key not in self._other:
            version = f"v{address.version}"
            number = self._counts[version] = self._counts.get(version, 0) + 1
            made = IPv4Address(_V4 + number) if isinstance(address, IPv4Address) else IPv6Address(_V6 + number)
            self._other[key] = str(made)
        return self._other[key]
