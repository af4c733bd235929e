"""Which addresses exist, and which of them are cut off from the others."""

from __future__ import annotations


class Host:
    """A pod's network interface; a later one with the same address is another object."""

    __slots__ = ("ip",)

    def __init__(self, ip: str) -> None:
        self.ip = ip


class Hosts:
    """The interfaces that are plugged in now.

    Attributes:
        cut: address → the node that it is cut off with; the same mapping for ever, nearly always empty.
    """

    def __init__(self) -> None:
        self._by_ip: dict[str, Host] = {}
        self.cut: dict[str, str] = {}

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
        self.cut.pop(ip, None)

    def get(self, ip: str) -> Host | None:
        """The host at an address, or None."""
        return self._by_ip.get(ip)

    def cut_off(self, ip: str, node: str) -> None:
        """From now on, only addresses that are cut off with the same node reach this one."""
        self.cut[ip] = node

    def rejoin(self, ip: str) -> None:
        """The address is no longer cut off."""
        self.cut.pop(ip, None)

    def reaches(self, one: str, other: str) -> bool:
        """Whether packets pass between two addresses, be there hosts or not."""
        return not self.cut or self.cut.get(one) == self.cut.get(other)
