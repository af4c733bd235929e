"""Which addresses exist."""

from __future__ import annotations


class Host:
    """A pod's network interface; a later one with the same address is another object."""

    __slots__ = ("ip",)

    def __init__(self, ip: str) -> None:
        self.ip = ip


class Hosts:
    """The interfaces that are plugged in now."""

    def __init__(self) -> None:
        self._by_ip: dict[str, Host] = {}

    def add(self, ip: str) -> None:
        """Plug one in.

        Raises:
            ValueError: the address is taken.
        """
        if ip in self._by_ip:
            raise ValueError(f"the address {ip} belongs to a host already")
        self._by_ip[ip] = Host(ip)

    def remove(self, ip: str) -> None:
        """Unplug one; an absent one is ignored."""
        self._by_ip.pop(ip, None)

    def get(self, ip: str) -> Host | None:
        """The host at an address, or None."""
        return self._by_ip.get(ip)
