"""Pod addresses of one node, handed out as the host-local CNI plugin does."""

from __future__ import annotations

_FIRST, _LAST = 2, 254  # .1 is the node's bridge


def beside(address: str) -> str:
    """The IPv6 address that a pod of a dual-stack cluster has beside an IPv4 one: ``fd00:10:244:1::5``."""
    _, _, third, fourth = address.split(".")
    return f"fd00:10:244:{int(third):x}::{int(fourth):x}"


class AddressPool:
    """Gives the next address after the last one given, so that a freed address is not reused at once.

    Args:
        node_number: 1, 2, …; node N has 10.244.N.0/24.
        nodes: how many nodes there are. A node that runs out goes on in 10.244.(N + nodes).0/24, so that a simulated
            node can run more pods than a /24 has addresses.
        reuse: give the lowest free address instead.
    """

    def __init__(self, node_number: int, nodes: int, *, reuse: bool = False) -> None:
        self._blocks = [f"10.244.{third}" for third in range(node_number, 256, nodes)]
        self._used: set[str] = set()
        self._last: dict[str, int] = {}
        self._reuse = reuse

    def take(self) -> str:
        """A free address.

        Raises:
            RuntimeError: all are in use.
        """
        for block in self._blocks:
            size = _LAST - _FIRST + 1
            after = self._last.get(block, _FIRST - 1)
            for step in range(1, size + 1):
                fourth = _FIRST + (after - _FIRST + step) % size
                address = f"{block}.{fourth}"
                if address not in self._used:
                    self._used.add(address)
                    if not self._reuse:
                        self._last[block] = fourth
                    return address
        raise RuntimeError("no pod address is left on this node")

    def give_back(self, address: str) -> None:
        """The address is free again."""
        self._used.discard(address)
