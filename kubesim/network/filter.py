"""Which packets pass between pods: where network policies take effect."""

from __future__ import annotations

from typing import Protocol

from kubesim.network.hosts import Hosts
from kubesim.network.services import VANTAGE, Services, Target

# The target of packets that are dropped: no host has this address.
NOWHERE: Target = ("", 0)


class Verdict(Protocol):
    """Whether a packet passes.

    Args are the source's address, the target behind a service address, and ``TCP`` or ``UDP``.
    """

    def __call__(self, source: str, target: Target, protocol: str) -> bool: ...


class Route(Protocol):
    """See `Services.route`."""

    def __call__(self, address: Target, protocol: str, flow: Target | None = None) -> Target | None: ...


class Filter:
    """The routes that packets of pods take: as `Services` says, then dropped unless the verdict lets them pass.

    The vantage stands on a node, whose traffic no policy concerns: its packets never come here, so that probes cost
    what they cost without policies.
    """

    def __init__(self, hosts: Hosts, services: Services) -> None:
        self._hosts = hosts
        self._services = services
        self.verdict: Verdict | None = None

    def route_from(self, source: str) -> Route:
        """The route of a source's packets; `NOWHERE` for one that is dropped (conntrack does not remember its flow)."""
        if source == VANTAGE:
            return self._services.route

        def route(address: Target, protocol: str, flow: Target | None = None) -> Target | None:
            if self._hosts.get(source) is None:
                return NOWHERE
            target = self._services.route(address, protocol, flow, source)
            if target is None or self.verdict is None or self.verdict(source, target, protocol):
                return target
            return NOWHERE

        return route
