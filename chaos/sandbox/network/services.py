"""Service addresses: what kube-proxy has programmed into every node."""

from __future__ import annotations

import random

Target = tuple[str, int]  # address, port


class Services:
    """Which backend a packet to a service address goes to.

    An address without rules is no service at all: its packets take the default route and vanish. So do packets to a
    service's address at a port that it does not have, as in kube-proxy's iptables mode.
    """

    def __init__(self, rng: random.Random) -> None:
        self._by_protocol: dict[str, dict[Target, tuple[Target, ...]]] = {"TCP": {}, "UDP": {}}
        self._random = rng

    def set(self, vip: str, port: int, protocol: str, backends: tuple[Target, ...]) -> None:
        """Program a service port; without backends its packets are rejected (ECONNREFUSED)."""
        self._by_protocol[protocol][vip, port] = backends

    def remove(self, vip: str, port: int, protocol: str) -> None:
        """Remove a service port; one that does not exist is ignored."""
        self._by_protocol[protocol].pop((vip, port), None)

    def route(self, address: Target, protocol: str, flow: Target | None = None) -> Target | None:
        """Where a packet to `address` goes; None: rejected at the sender.

        Args:
            address: as the client wrote it.
            protocol: ``TCP`` or ``UDP``.
            flow: the backend that conntrack knows for this flow. It stays as long as it belongs to the service; of one
                that left, kube-proxy flushes the entry (UDP), and the next packet picks again.
        """
        backends = self._by_protocol[protocol].get(address)
        if backends is None:
            return address
        if flow in backends:
            return flow
        if not backends:
            return None
        # Each with the same probability, as iptables' `statistic --mode random`.
        return backends[int(self._random.random() * len(backends))]
