"""Service addresses: what kube-proxy has programmed into every node."""

from __future__ import annotations

import random
from collections.abc import Callable

VANTAGE = "10.244.0.1"  # the node's end of the pod network, where the vantage stands

Target = tuple[str, int]  # address, port


class Services:
    """Which backend a packet to a service address goes to.

    An address without rules is no service at all: its packets take the default route and vanish. So do packets to a
    service's address at a port that it does not have, as in kube-proxy's iptables mode.

    Args:
        now_s: the clock that session affinity is timed by.
    """

    def __init__(self, rng: random.Random, now_s: Callable[[], float] = lambda: 0.0) -> None:
        self._now_s = now_s
        self._affinity_s: dict[tuple[Target, str], float] = {}
        self._seen: dict[tuple[Target, str, str], tuple[Target, float]] = {}  # by client: its backend, and when
        self._by_protocol: dict[str, dict[Target, tuple[Target, ...]]] = {"TCP": {}, "UDP": {}}
        self._random = rng

    def set(self, vip: str, port: int, protocol: str, backends: tuple[Target, ...], affinity_s: float = 0.0) -> None:
        """Program a service port; without backends its packets are rejected (ECONNREFUSED).

        Args:
            vip: the service's address.
            port: the service's.
            protocol: ``TCP`` or ``UDP``.
            backends: in any order.
            affinity_s: how long after a client's last new connection the next one goes to the same backend; 0: never.
        """
        self._by_protocol[protocol][vip, port] = backends
        self._affinity_s[(vip, port), protocol] = affinity_s

    def remove(self, vip: str, port: int, protocol: str) -> None:
        """Remove a service port; one that does not exist is ignored."""
        self._by_protocol[protocol].pop((vip, port), None)

    def route(self, address: Target, protocol: str, flow: Target | None = None, client: str = VANTAGE) -> Target | None:
        """Where a packet to `address` goes; None: rejected at the sender.

        Args:
            address: as the client wrote it.
            protocol: ``TCP`` or ``UDP``.
            flow: the backend that conntrack knows for this flow. It stays as long as it belongs to the service; of one
                that left, kube-proxy flushes the entry (UDP), and the next packet picks again.
            client: the sender's address, which session affinity goes by.
        """
        backends = self._by_protocol[protocol].get(address)
        if backends is None:
            return address
        if flow in backends:
            return flow
        if not backends:
            return None
        affinity_s = self._affinity_s.get((address, protocol), 0.0)
        if not affinity_s:
            return self._pick(backends)
        # iptables' `recent`: every new connection renews the entry.
        backend, at_s = self._seen.get((address, protocol, client), (None, 0.0))
        if backend not in backends or self._now_s() - at_s > affinity_s:
            backend = self._pick(backends)
        assert backend is not None  # noqa: S101 - one of the backends
        self._seen[address, protocol, client] = (backend, self._now_s())
        return backend

    def _pick(self, backends: tuple[Target, ...]) -> Target:
        """Each with the same probability, as iptables' `statistic --mode random`."""
        return backends[int(self._random.random() * len(backends))]
